/** `weir shard`: one run on many machines. */

import { spawnSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import {
  byFile,
  checkParts,
  collect,
  contentsOf,
  cutIntoShards,
  failureOf,
  type Gap,
  type LoadedPlan,
  type MergedFile,
  plannedFile,
  readPlan,
  readReceipt,
  runShard,
  ShardError,
  writePlan,
} from '../lib/command.js';
import { CaptureError, selectionOf } from '../lib/index.js';
import { filterOf, lookUpNames, reasonOf } from './expression.js';
import { parseLine, UsageError } from './getopt.js';
import type { FilteredFile } from './jobs.js';
import { type Options, parseOptions } from './options.js';
import { readFiles } from './read.js';
import { CommandError } from './report.js';
import { loaderFor } from './selection.js';
import { kubernetesJob, parallelScript, type ShardScript, slurmScript } from './shardScripts.js';
import { STDIO, writeMessage, writeOutput } from './standard.js';
import { packageVersion } from './version.js';

export const USAGE = `Usage: weir shard plan -o PLAN [--size SIZE] [--count] [--filter EXPRESSION] FILE...
       weir shard run PLAN [INDEX] [--from BYTE] | --joins
       weir shard status PLAN
       weir shard merge PLAN [-w OUT]
       weir shard submit PLAN --slurm | --parallel [--hosts FILE] | --kubernetes [-w OUT] [--print]

Filters captures on many machines that see the same files. plan writes which parts of about SIZE (2g) are filtered by what, and
is never changed. run filters one of them; without INDEX it is that of the job: SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX,
SGE_TASK_ID. It may be run any number of times, also at once: the first receipt counts. merge gives what one run over all files
gives, and refuses as long as something is missing; it names the shards to run again. Where a shard begins is guessed: one that
began elsewhere than the one before it ended runs again --from there, all of those with --joins. submit hands the plan to Slurm or GNU
parallel, or shows the script (--print); --kubernetes prints a job, untested.
`;

const ROWS = [
  { short: 'o', long: ['output'], value: 'required' },
  { long: ['size'], value: 'required' },
  { long: ['count'], value: 'none' },
  { long: ['filter'], value: 'required' },
  { short: 'O', long: ['no-optimize'], value: 'none' },
  { long: ['from'], value: 'required' },
  { long: ['joins'], value: 'none' },
  { short: 'w', long: ['write'], value: 'required' },
  { long: ['slurm'], value: 'none' },
  { long: ['parallel'], value: 'none' },
  { long: ['hosts'], value: 'required' },
  { long: ['kubernetes'], value: 'none' },
  { long: ['print'], value: 'none' },
  { short: 'h', long: ['help'], value: 'none' },
] as const;

type Given = (name: (typeof ROWS)[number]['long'][0]) => string | undefined;

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** @throws UsageError, CommandError, CaptureError, FilterError */
export async function runShardCommand(line: readonly string[]): Promise<void> {
  const { options, operands } = parseLine(line, ROWS);
  const given: Given = (name) => {
    const found = options.findLast(({ row }) => row.long[0] === name);
    return found === undefined ? undefined : (found.value ?? '');
  };
  if (given('help') !== undefined) return writeOutput(USAGE);
  const [action, ...names] = operands;
  try {
    if (action === 'plan') return await plan(names, given);
    const [path, index] = names;
    if (path === undefined) throw new UsageError('it takes a plan');
    const loaded = readPlan(path);
    if (action === 'run' && given('joins') !== undefined) return await runJoins(loaded);
    if (action === 'run') return await run(path, loaded, index, given('from'));
    if (index !== undefined) throw new UsageError(`what is '${index}'?`);
    if (action === 'status') return status(path, loaded);
    if (action === 'merge') return await merge(path, loaded, given('write'));
    if (action === 'submit') return submit(path, loaded, given);
  } catch (error) {
    if (error instanceof ShardError) throw new CommandError(error.message);
    if (error instanceof Error && 'syscall' in error)
      throw new CommandError(`${'path' in error ? `${error.path}: ` : ''}${reasonOf(error)}`);
    throw error;
  }
  throw new UsageError('what to do is plan, run, status, merge or submit');
}

async function plan(names: readonly string[], given: Given): Promise<void> {
  const output = given('output');
  if (output === undefined || names.length === 0) throw new UsageError('plan takes -o PLAN and captures');
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([kmgt]?)$/i.exec(given('size') ?? '2g') ?? [];
  const size = Number(number) * UNITS[unit.toLowerCase()]!;
  if (!(size >= 1)) throw new CommandError(`invalid size ${given('size')}`);
  const files = names.map((name) => plannedFile(resolve(name)));
  const expression = given('filter') ?? '';
  const counts = given('count') !== undefined;
  const optimize = given('no-optimize') === undefined;
  if (expression !== '') await filterFor({ expression, optimize });
  const shards = await cutIntoShards(files, size);
  writePlan(output, { version: packageVersion(), expression, counts, optimize, files, shards });
  writeOutput(
    `${shards.length} shard${shards.length === 1 ? '' : 's'} of ${files.length} file${files.length === 1 ? '' : 's'}\n`,
  );
}

/** The filter of a plan. What is wrong with the expression is told when it is made. */
async function filterFor({ expression, optimize }: Pick<LoadedPlan, 'expression' | 'optimize'>) {
  const options: Options = { ...parseOptions([]), optimize };
  await lookUpNames(options, expression);
  const filter = filterOf(expression, options, await loaderFor(options));
  filter.typical();
  return filter;
}

/** Where engines say which shard is a job's. */
const INDEXES = ['SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX', 'SGE_TASK_ID'] as const;

async function run(
  path: string,
  loaded: LoadedPlan,
  index: string | undefined,
  from: string | undefined,
): Promise<void> {
  const named = INDEXES.find((name) => process.env[name] !== undefined);
  const text = index ?? (named === undefined ? undefined : process.env[named]) ?? '';
  // Grid Engine counts from one.
  const shard = Number(text) - (index === undefined && named === 'SGE_TASK_ID' ? 1 : 0);
  if (!/^\d+$/.test(text) || shard < 0 || shard >= loaded.shards.length)
    throw new CommandError(`${path}: no shard '${text}': there are 0 to ${loaded.shards.length - 1}`);
  if (from !== undefined && !/^\d+$/.test(from)) throw new CommandError(`invalid byte ${from}`);
  await runOne(loaded, shard, from === undefined ? undefined : Number(from));
}

async function runOne(loaded: LoadedPlan, shard: number, from: number | undefined): Promise<void> {
  // Whoever hands in a plan again wants what is missing.
  if (readReceipt(loaded, shard, from) !== undefined) return writeMessage(`shard ${shard}: done already\n`);
  const selection = loaded.expression === '' ? {} : selectionOf(await filterFor(loaded));
  const { receipt, isFirst } = await runShard(loaded, shard, selection, from);
  writeMessage(
    `shard ${shard}: ${receipt.packets} packets read, ${receipt.matched} match${isFirst ? '' : '; another run of it was first'}\n`,
  );
}

/** Runs again what began elsewhere than it has to, as long as there is any. */
async function runJoins(loaded: LoadedPlan): Promise<void> {
  for (;;) {
    const gap = collect(loaded).gaps.find(({ reason }) => reason === 'join');
    if (gap === undefined) return;
    await runOne(loaded, gap.shard, gap.from);
  }
}

/** What to do about a gap. */
function told(path: string, { shard, reason, from }: Gap): string {
  if (reason === 'missing') return `shard ${shard} has no receipt: weir shard run ${path} ${shard}`;
  return `shard ${shard} began elsewhere than the one before it ended, or knew too little: weir shard run ${path} ${shard} --from ${from}`;
}

function status(path: string, loaded: LoadedPlan): void {
  const { receipts, gaps } = collect(loaded);
  const matched = receipts.reduce((sum, receipt) => sum + receipt.matched, 0);
  writeOutput(`${receipts.length} of ${loaded.shards.length} shards done, ${matched} packets match\n`);
  for (const gap of gaps) writeOutput(`${told(path, gap)}\n`);
  if (gaps.length > 0) process.exitCode = 1;
}

async function merge(path: string, loaded: LoadedPlan, write: string | undefined): Promise<void> {
  if (loaded.counts === (write !== undefined))
    throw new UsageError(loaded.counts ? 'the plan only counts: leave -w out' : 'merge takes -w OUT');
  const { receipts, gaps } = collect(loaded);
  if (gaps.length > 0)
    throw new CommandError(`${path}: not all is done\n${gaps.map((gap) => told(path, gap)).join('\n')}`);
  checkParts(loaded, receipts);
  const files = byFile(loaded, receipts);
  const options: Options = { ...parseOptions([]), expression: loaded.expression, optimize: loaded.optimize };
  const filtered = {
    names: loaded.files.map((file) => file.path),
    file: (place: number) => filteredFile(loaded, files[place]!),
  };
  if (write === undefined) return readFiles({ ...options, countOnly: true }, filtered);
  if (write === STDIO) return readFiles({ ...options, write }, filtered);
  // Whole, or not there. Its name tells of which kind it is.
  const made = join(dirname(write), `.${process.pid}.${basename(write)}`);
  try {
    await readFiles({ ...options, write: made }, filtered);
  } catch (error) {
    // What is readable of a damaged file is delivered, as always.
    if (error instanceof CaptureError && loaded.files.some((file) => file.path === error.path))
      renameSync(made, write);
    else rmSync(made, { force: true });
    throw error;
  }
  renameSync(made, write);
}

function filteredFile(loaded: LoadedPlan, file: MergedFile): FilteredFile {
  const matched = file.receipts.reduce((sum, receipt) => sum + receipt.matched, 0);
  const failure = file.receipts.find((receipt) => receipt.failure !== undefined)?.failure;
  return {
    chunks: contentsOf(loaded, file),
    count: async () => ({ matched, failure: failure && failureOf(file.path, failure) }),
  };
}

function submit(path: string, loaded: LoadedPlan, given: Given): void {
  const write = given('write');
  if (given('kubernetes') === undefined && loaded.counts === (write !== undefined))
    throw new UsageError(loaded.counts ? 'the plan only counts: leave -w out' : 'submit takes -w OUT');
  const script: ShardScript = {
    plan: resolve(path),
    shards: loaded.shards.length,
    merge: write === undefined ? [] : ['-w', resolve(write)],
    command: [process.execPath, resolve(process.argv[1]!)],
    hosts: given('hosts'),
  };
  if (given('kubernetes') !== undefined) {
    writeOutput(kubernetesJob(script));
    return;
  }
  const isSlurm = given('slurm') !== undefined;
  if (isSlurm === (given('parallel') !== undefined))
    throw new UsageError('submit takes --slurm or --parallel');
  const text = (isSlurm ? slurmScript : parallelScript)(script);
  if (given('print') !== undefined) {
    writeOutput(text);
    return;
  }
  const { status } = spawnSync('sh', ['-s'], { input: text, stdio: ['pipe', 'inherit', 'inherit'] });
  process.exitCode = status ?? 1;
}
