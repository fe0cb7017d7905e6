/** Shards, merged, beside one run over the same files: killed ones, full disks, cut inputs, engines that exist. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { fullRun, projectRoot } from '../lib/testing/vectors.js';

const WEIR = join(projectRoot, 'dist/command/weir.js');
const weir = (...words: string[]) => spawnSync(process.execPath, [WEIR, ...words], { encoding: 'utf8' });
const captures = join(projectRoot, 'captures');

async function inFolder(body: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-shards-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs what is missing of a plan, in no order. */
function finish(plan: string, count: number): void {
  for (let shard = count - 1; shard >= 0; shard--) weir('shard', 'run', plan, `${shard}`);
  weir('shard', 'run', plan, '--joins');
}

const shardsIn = (told: string): number => Number.parseInt(told, 10);

test('merged shards are what one run gives', (t) =>
  inFolder((folder) => {
    const names = fullRun
      ? ['http.pcap', 'http.pcapng', 'http.pcap.gz', 'tls.pcap', 'mixed.pcapng', 'http-cut.pcap', 'dns.pcap']
      : ['http-cut.pcap'];
    const files = names.map((name) => join(captures, name));
    const plan = join(folder, 'plan');
    const planned = weir('shard', 'plan', '-o', plan, '--size', '1.5k', '--filter', 'tcp', ...files);
    const count = shardsIn(planned.stdout);
    t.true(count > names.length, planned.stderr);
    t.regex(weir('shard', 'plan', '-o', plan, ...files).stderr, /plans are not changed/);
    t.regex(
      weir('shard', 'merge', plan, '-w', join(folder, 'out')).stderr,
      /^weir: .*not all is done\nshard 0 has no receipt: weir shard run .* 0\n/,
    );
    finish(plan, count);
    const list = join(folder, 'list');
    writeFileSync(list, files.join('\n'));
    const from = names.length === 1 ? ['-r', files[0]!] : ['-V', list];
    const merged = weir('shard', 'merge', plan, '-w', join(folder, 'merged'));
    const plain = weir(...from, '-w', join(folder, 'plain'), 'tcp');
    t.is(merged.stderr, plain.stderr);
    t.is(merged.status, plain.status);
    t.deepEqual(readFileSync(join(folder, 'merged')), readFileSync(join(folder, 'plain')));
    t.regex(weir('shard', 'run', plan, '0').stderr, /done already/);
    const part = readdirSync(`${plan}.shards`).find((name) => name.endsWith('.part'))!;
    truncateSync(join(`${plan}.shards`, part), 1);
    t.regex(
      weir('shard', 'merge', plan, '-w', join(folder, 'again')).stderr,
      /\.part is not what was written\n$/,
    );
    t.false(existsSync(join(folder, 'again')));
  }));

test('counts, indexes of engines, scripts', (t) =>
  inFolder((folder) => {
    const plan = join(folder, 'plan');
    weir('shard', 'plan', '-o', plan, '--count', '--filter', 'tcp port 80', join(captures, 'http.pcap'));
    const run = spawnSync(process.execPath, [WEIR, 'shard', 'run', plan], {
      encoding: 'utf8',
      env: { ...process.env, SLURM_ARRAY_TASK_ID: '0' },
    });
    t.regex(run.stderr, /^shard 0: 30 packets read, 30 match\n$/);
    t.is(weir('shard', 'merge', plan).stdout, '30 packets\n');
    if (!fullRun) return;
    t.regex(weir('shard', 'status', plan).stdout, /^1 of 1 shards done, 30 packets match\n$/);
    t.regex(
      weir('shard', 'submit', plan, '--slurm', '--print').stdout,
      /--array=0-0 --requeue .*\n.*afterok:"\$array"/,
    );
    t.regex(
      weir('shard', 'submit', plan, '--kubernetes').stdout,
      /^# Not tested on a cluster[\s\S]*completionMode: Indexed/,
    );
    t.is(weir('shard', 'run', plan, '1').status, 1);
  }));

test('killed runs, full disks and changed files end in no short output', (t) =>
  inFolder(async (folder) => {
    if (!fullRun) return void t.pass('part of the full run');
    const path = join(folder, 'capture.pcap');
    const bytes = readFileSync(join(captures, 'tls.pcap'));
    writeFileSync(path, Buffer.concat([bytes, ...Array<Buffer>(2000).fill(bytes.subarray(24))]));
    const plan = join(folder, 'plan');
    const count = shardsIn(weir('shard', 'plan', '-o', plan, '--size', '1m', '--filter', 'tcp', path).stdout);
    t.true(count > 3);
    const killed = spawn(process.execPath, [WEIR, 'shard', 'run', plan, '0'], { stdio: 'ignore' });
    setTimeout(() => killed.kill('SIGKILL'), 60);
    await once(killed, 'exit');
    const full = spawnSync(
      'sh',
      ['-c', `ulimit -f 100; exec '${process.execPath}' '${WEIR}' shard run '${plan}' 1`],
      { encoding: 'utf8' },
    );
    t.not(full.status, 0, 'a file may not grow that long');
    t.is(weir('shard', 'merge', plan, '-w', join(folder, 'merged')).status, 1);
    const twice = [0, 1].map(() =>
      spawn(process.execPath, [WEIR, 'shard', 'run', plan, '2'], { stdio: 'ignore' }),
    );
    await Promise.all(twice.map((one) => once(one, 'exit')));
    finish(plan, count);
    t.is(weir('shard', 'merge', plan, '-w', join(folder, 'merged')).status, 0);
    weir('-r', path, '-w', join(folder, 'plain'), 'tcp');
    t.true(readFileSync(join(folder, 'merged')).equals(readFileSync(join(folder, 'plain'))));
    const second = join(folder, 'second');
    weir('shard', 'plan', '-o', second, path);
    truncateSync(path, 1_000_000);
    t.regex(
      weir('shard', 'run', second, '0').stderr,
      /capture\.pcap: not what it was when the plan was made\n$/,
    );
  }));

test('GNU parallel runs a plan', (t) =>
  inFolder((folder) => {
    if (!fullRun || spawnSync('parallel', ['--version']).status !== 0)
      return void t.pass('parallel is not installed, or not the full run');
    const path = join(captures, 'http.pcap');
    const plan = join(folder, 'plan');
    weir('shard', 'plan', '-o', plan, '--size', '1k', '--filter', 'tcp', path);
    const { status, stderr } = weir('shard', 'submit', plan, '--parallel', '-w', join(folder, 'merged'));
    t.is(status, 0, stderr);
    weir('-r', path, '-w', join(folder, 'plain'), 'tcp');
    t.deepEqual(readFileSync(join(folder, 'merged')), readFileSync(join(folder, 'plain')));
  }));

/** A Slurm of two nodes on loopback, all of it in a folder. */
function slurmConfig(folder: string, host: string): string {
  return `ClusterName=weir
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge/socket
CryptoType=crypto/munge
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool-%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
JobRequeue=1
SlurmdTimeout=10
SwitchType=switch/none
MpiDefault=none
NodeName=n1 NodeHostname=${host} NodeAddr=127.0.0.1 Port=16818 CPUs=1
NodeName=n2 NodeHostname=${host} NodeAddr=127.0.0.1 Port=16819 CPUs=1
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
`;
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('a Slurm of two nodes runs a plan', (t) =>
  inFolder(async (folder) => {
    const isThere = ['slurmctld', 'slurmd', 'munged'].every(
      (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0,
    );
    if (!fullRun || process.getuid?.() !== 0 || !isThere)
      return void t.pass('Slurm and munge are not installed, not root, or not the full run');
    for (const name of ['state', 'spool-n1', 'spool-n2', 'munge'])
      mkdirSync(join(folder, name), { mode: 0o755 });
    const config = join(folder, 'slurm.conf');
    const host = hostname().replace(/\..*/, '');
    writeFileSync(config, slurmConfig(folder, host));
    writeFileSync(join(folder, 'munge/key'), Buffer.alloc(1024, host), { mode: 0o400 });
    const env = { ...process.env, SLURM_CONF: config };
    const sh = (script: string) =>
      spawnSync('sh', ['-c', script], { cwd: folder, env, encoding: 'utf8', timeout: 30_000 });
    const pids = ['munge/pid', 'slurmctld.pid', 'slurmd-n1.pid', 'slurmd-n2.pid'];
    try {
      const munge = ['socket', 'key-file=key', 'pid-file=pid', 'log-file=log', 'seed-file=seed'].map(
        (option) => {
          const [name, file = name] = option.split('=');
          return `--${name}=${folder}/munge/${file}`;
        },
      );
      sh(
        `chmod 755 . && munged ${munge.join(' ')} --force && slurmctld && sleep 1 && slurmd -N n1 && slurmd -N n2`,
      );
      for (let tries = 0; tries < 20 && !sh('sinfo -h -o %T').stdout.includes('idle'); tries++)
        await sleep(500);
      const path = join(folder, 'http.pcap');
      copyFileSync(join(captures, 'http.pcap'), path);
      const plan = join(folder, 'plan');
      weir('shard', 'plan', '-o', plan, '--size', '700', '--filter', 'tcp', path);
      const merged = join(folder, 'merged');
      const submitted = sh(`'${process.execPath}' '${WEIR}' shard submit plan --slurm -w merged`);
      t.is(submitted.status, 0, submitted.stderr);
      for (let tries = 0; tries < 80 && !existsSync(merged); tries++) await sleep(500);
      weir('-r', path, '-w', join(folder, 'plain'), 'tcp');
      t.deepEqual(readFileSync(merged), readFileSync(join(folder, 'plain')));
    } finally {
      for (const name of pids)
        if (existsSync(join(folder, name))) {
          const pid = Number.parseInt(readFileSync(join(folder, name), 'utf8'), 10);
          if (pid > 1) process.kill(pid);
        }
      await sleep(1000);
    }
  }));
