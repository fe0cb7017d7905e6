/** `weir build`: an expression as an object that loaders take, or as C. */

import { writeFileSync } from 'node:fs';
import { type BuildHook, buildC, buildObject, NO_LOADER } from '../lib/command.js';
import { LiftError, type ResultValue } from '../lib/ebpf.js';
import type { Filter, LinkFilter } from '../lib/index.js';
import { FileSink } from '../lib/node.js';
import { expressionOf, filterOf, reasonOf, warnAbout } from './expression.js';
import { didYouMean, parseLine, UsageError } from './getopt.js';
import { parseOptions } from './options.js';
import { CommandError } from './report.js';
import { STDOUT, writeMessage, writeOutput } from './standard.js';

const ROWS = [
  { short: 'o', long: ['output'], value: 'required' },
  { long: ['xdp'], value: 'optional' },
  { long: ['tc'], value: 'optional' },
  { long: ['cgroup'], value: 'optional' },
  { long: ['socket'], value: 'optional' },
  { long: ['else'], value: 'required' },
  { long: ['count'], value: 'none' },
  { long: ['sample'], value: 'required' },
  { long: ['c'], value: 'none' },
  { long: ['license'], value: 'required' },
  { short: 'F', long: ['filter-file'], value: 'required' },
  { long: ['filter'], value: 'required' },
  { short: 'h', long: ['help'], value: 'none' },
] as const;

interface HookRow {
  /** Words for results. */
  readonly results: Readonly<Record<string, ResultValue>>;
  /** What a bare option means for packets that match. */
  readonly usual: string;
  /** The result for others. */
  readonly opposite: (word: string) => string;
  readonly linkType: string;
}

// biome-ignore format: a table reads best with one row a line
const XDP = { aborted: 'XDP_ABORTED', drop: 'XDP_DROP', pass: 'XDP_PASS', tx: 'XDP_TX' } as const;
const TC = {
  unspec: 'TC_ACT_UNSPEC',
  ok: 'TC_ACT_OK',
  reclassify: 'TC_ACT_RECLASSIFY',
  shot: 'TC_ACT_SHOT',
  pipe: 'TC_ACT_PIPE',
  stolen: 'TC_ACT_STOLEN',
  queued: 'TC_ACT_QUEUED',
  trap: 'TC_ACT_TRAP',
} as const;
const CGROUP = { drop: 0, pass: 1 } as const;
/** Bytes to keep. */
const SOCKET = { keep: 262_144, drop: 0 } as const;

const HOOKS: Readonly<Record<BuildHook, HookRow>> = {
  xdp: {
    results: XDP,
    usual: 'drop',
    opposite: (word) => (word === 'pass' ? 'drop' : 'pass'),
    linkType: 'EN10MB',
  },
  tc: {
    results: TC,
    usual: 'shot',
    opposite: (word) => (word === 'shot' || word === 'stolen' ? 'ok' : 'shot'),
    linkType: 'EN10MB',
  },
  // Programs of cgroups see no link header.
  cgroup: {
    results: CGROUP,
    usual: 'drop',
    opposite: (word) => (word === 'drop' ? 'pass' : 'drop'),
    linkType: 'RAW',
  },
  socket: {
    results: SOCKET,
    usual: 'keep',
    opposite: (word) => (word === 'keep' ? 'drop' : 'keep'),
    linkType: 'EN10MB',
  },
};

export const USAGE = `Usage: weir build EXPRESSION --xdp[=${Object.keys(XDP).join(' | ')}] -o FILE
       weir build EXPRESSION --tc[=${Object.keys(TC).join(' | ')}] -o FILE
       weir build EXPRESSION --cgroup[=${Object.keys(CGROUP).join(' | ')}] | --socket[=${Object.keys(SOCKET).join(' | ')}] -o FILE

Makes an object of eBPF that answers so for packets that match (default: drop them, but sockets keep them), and the opposite, or what --else says, for
others. It loads with ip link set dev DEVICE xdp obj FILE sec xdp, tc filter add dev DEVICE ingress bpf da obj FILE sec tc,
bpftool prog load and libbpf: with types, license, and the words of the expression as line information. --count keeps packets
and bytes of each processor in a map: at 0 those that match, at 1 others. --sample N hands N bytes of each packet that matches to a
perf event array, behind the metadata that xdpdump has. --c prints the same as C instead. -F FILE has the
expression. Programs of cgroups see what arrives; expressions for them begin with IP. --tc looks for VLAN tags
beside the packet too, where the kernel puts them.
`;

/** @throws UsageError, CommandError, FilterError */
export async function runBuild(words: readonly string[]): Promise<void> {
  const { options: parsed, operands } = parseLine(words, ROWS);
  const has = (name: string): boolean => parsed.some(({ row }) => row.long[0] === name);
  const given = (name: string): string | undefined =>
    parsed.findLast(({ row }) => row.long[0] === name)?.value;
  if (has('help')) return writeOutput(USAGE);
  const hooks = (['xdp', 'tc', 'cgroup', 'socket'] as const).filter(has);
  const [hook] = hooks;
  if (hook === undefined || hooks.length > 1)
    throw new UsageError('build takes one of --xdp, --tc, --cgroup, --socket');
  const output = given('output');
  if (output === undefined && !has('c')) throw new UsageError('build takes a file to write: -o FILE');
  const [file, filter] = [given('filter-file'), given('filter')];
  const options = parseOptions([
    ...(file === undefined ? [] : ['-F', file]),
    ...(filter === undefined ? [] : [`--filter=${filter}`]),
    '--',
    ...operands,
  ]);
  const source = await expressionOf(options);
  const linked = filterForHook(filterOf(source, options, NO_LOADER), hook);
  warnAbout(linked, options);
  const license = given('license');
  const build = {
    hook,
    ...resultsFor(hook, given(hook), given('else')),
    count: has('count'),
    ...(given('sample') === undefined ? {} : { sample: sampleOf(given('sample')!) }),
    personality: linked.options.mode === 'linux-live' ? 'kernel' : 'libpcap',
    license,
  } as const;
  try {
    if (has('c')) write(output ?? '-', new TextEncoder().encode(buildC(linked, build)));
    else {
      const { bytes, program } = buildObject(linked, build);
      write(output!, bytes);
      if (output !== '-') writeMessage(`${output}: ${program.length} instructions\n`);
    }
  } catch (error) {
    if (error instanceof LiftError)
      throw new CommandError(`the filter has no form for ${hook}: ${error.message}`);
    if (error instanceof RangeError) throw new CommandError(error.message);
    throw error;
  }
}

function sampleOf(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new UsageError(`--sample takes bytes, not '${text}'`);
  return Number(text);
}

/** On tc and sockets the kernel has taken VLAN tags out of packets, as for captures. */
export const filterForHook = (filter: Filter, hook: BuildHook): LinkFilter =>
  filter.for(HOOKS[hook].linkType, hook === 'tc' || hook === 'socket' ? 'linux-live' : undefined);

/** What is answered for packets that match, and for others, by the words of options. @throws UsageError */
export function resultsFor(
  hook: BuildHook,
  accept: string | undefined,
  other: string | undefined,
): { readonly accept?: ResultValue | undefined; readonly reject?: ResultValue } {
  // The filter says itself how much sockets keep.
  if (hook === 'socket' && (accept ?? 'keep') === 'keep' && (other ?? 'drop') === 'drop') return {};
  const { results, usual, opposite } = HOOKS[hook];
  const value = (word: string, option: string): ResultValue => {
    const found = Object.hasOwn(results, word) ? results[word] : undefined;
    if (found === undefined)
      throw new UsageError(
        `${option} takes ${Object.keys(results).join(', ')}, not '${word}'${didYouMean(word, Object.keys(results))}`,
      );
    return found;
  };
  const chosen = accept ?? usual;
  return { accept: value(chosen, `--${hook}`), reject: value(other ?? opposite(chosen), '--else') };
}

function write(file: string, bytes: Uint8Array): void {
  if (file === '-') {
    new FileSink(STDOUT).write(bytes);
    return;
  }
  try {
    writeFileSync(file, bytes);
  } catch (error) {
    throw new CommandError(`${file}: ${reasonOf(error)}`);
  }
}
