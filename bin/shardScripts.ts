/** Scripts that hand the shards of a plan to engines that exist. */

/** What a script is about. */
export interface ShardScript {
  readonly plan: string;
  readonly shards: number;
  /** Words behind `weir shard merge PLAN`. */
  readonly merge: readonly string[];
  /** How this command is started. */
  readonly command: readonly string[];
  /** For GNU parallel: a file of hosts. */
  readonly hosts: string | undefined;
}

const quoted = (word: string): string =>
  /^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
const words = (...parts: readonly string[]): string => parts.map(quoted).join(' ');

const mergeOf = (command: readonly string[], plan: string, merge: readonly string[]): string =>
  `${words(...command, 'shard', 'run', plan, '--joins')} && exec ${words(...command, 'shard', 'merge', plan, ...merge)}`;

/** An array of jobs that are put back into the queue when a node dies, and the merge behind it. */
export function slurmScript({ plan, shards, merge, command }: ShardScript): string {
  const run = quoted(`exec ${words(...command, 'shard', 'run', plan)}`);
  const end = quoted(mergeOf(command, plan, merge));
  return `#!/bin/sh
set -e
array=$(sbatch --parsable --job-name=weir-shards --array=0-${shards - 1} --requeue --output=${quoted(`${plan}.shards/slurm-%a.log`)} --wrap ${run})
merge=$(sbatch --parsable --job-name=weir-merge --dependency=afterok:"$array" --kill-on-invalid-dep=yes --output=${quoted(`${plan}.shards/merge.log`)} --wrap ${end})
echo "array $array, merge $merge"
`;
}

/** GNU parallel: what has failed is run again, also by starting the script again. */
export function parallelScript({ plan, shards, merge, command, hosts }: ShardScript): string {
  const remote = hosts === undefined ? '' : ` --sshloginfile ${quoted(hosts)} --workdir .`;
  const log = quoted(`${plan}.shards/parallel.log`);
  return `#!/bin/sh
set -e
seq 0 ${shards - 1} | parallel --joblog ${log} --resume-failed --retries 3${remote} ${quoted(words(...command, 'shard', 'run', plan))} {}
${mergeOf(command, plan, merge)}
`;
}

/** An Indexed Job (Kubernetes 1.24). */
export function kubernetesJob({ plan, shards }: ShardScript): string {
  return `# Not tested on a cluster. The image has weir; the volume has the plan and the captures, at the paths that the plan names.
apiVersion: batch/v1
kind: Job
metadata:
  name: weir-shards
spec:
  completionMode: Indexed
  completions: ${shards}
  parallelism: ${Math.min(shards, 10)}
  backoffLimit: ${3 * shards}
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: weir
          image: IMAGE
          command: ${JSON.stringify(['weir', 'shard', 'run', plan])}
          volumeMounts:
            - name: captures
              mountPath: /captures
      volumes:
        - name: captures
          persistentVolumeClaim:
            claimName: CLAIM
# Then: weir shard run ${plan} --joins && weir shard merge ${plan} -w OUT
`;
}
