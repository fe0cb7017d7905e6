/** `weir attach`: an expression, or a program of an object, at a device for as long as the command runs. */

import { existsSync } from 'node:fs';
import {
  type AttachedFilter,
  AUTO,
  attachFilter,
  buildObject,
  detach,
  KernelError,
  listAttached,
} from '../lib/command.js';
import { LiftError } from '../lib/ebpf.js';
import { attachObjectFile } from './attachObject.js';
import { type Telling, watch } from './attachWatch.js';
import { filterForHook, resultsFor } from './build.js';
import { expressionOf, filterOf, warnAbout } from './expression.js';
import { parseLine, UsageError } from './getopt.js';
import { type Asked, asObject, OBJECT_ROWS, OBJECT_USAGE, readBytes } from './objectFile.js';
import { parseOptions } from './options.js';
import { CommandError } from './report.js';
import { connectionOf, type Session, wouldCut } from './session.js';
import { writeMessage, writeOutput } from './standard.js';

const ROWS = [
  { long: ['xdp'], value: 'optional' },
  { long: ['tc'], value: 'optional' },
  { long: ['else'], value: 'required' },
  { long: ['for'], value: 'required' },
  { long: ['generic'], value: 'none' },
  { long: ['native'], value: 'none' },
  { long: ['dry-run'], value: 'none' },
  { long: ['force'], value: 'none' },
  { long: ['list'], value: 'none' },
  { long: ['detach'], value: 'none' },
  { long: ['maps'], value: 'none' },
  { long: ['map'], value: 'required' },
  ...OBJECT_ROWS,
  { short: 'F', long: ['filter-file'], value: 'required' },
  { long: ['filter'], value: 'required' },
  { short: 'h', long: ['help'], value: 'none' },
] as const;

export const USAGE = `Usage: weir attach DEVICE EXPRESSION --xdp[=drop | pass | tx | aborted] | --tc[=shot | ok | ...] [--for TIME]
                   [--generic | --native] [--dry-run] [--force]
       weir attach DEVICE OBJECT [--program NAME | --section NAME] [--map NAME=FILE.json] [--maps] [--for TIME]
       weir attach --list
       weir attach --detach [DEVICE]

Runs the expression in the kernel on what arrives at the device, which drops packets that match, or what else is said, and lets
others pass, or what --else says; counts both, and shows them each second on a terminal. It ends with the command, however that
ends, or after --for (60s, 5m, 1h). --dry-run counts alone. --generic and --native choose where XDP runs. What would drop packets
of the connection that the command runs over (SSH_CONNECTION) is refused without --force. --list shows programs of XDP and tc at
devices, --detach takes away those that weir has put there. An OBJECT of clang is attached where its section says, with its maps, but
without its types: spin locks, callbacks and kfuncs are for other loaders. How often it ran is told, with --maps what is in them.
${OBJECT_USAGE}`;

/** Lists show programs of this command by it. */
const NAME = 'weir_attach';
const SECOND_MS = 1000;

/** @throws UsageError, CommandError, FilterError */
export async function runAttach(words: readonly string[]): Promise<void> {
  const { options: parsed, operands } = parseLine(words, ROWS);
  const asked: Asked = {
    has: (name) => parsed.some(({ row }) => row.long[0] === name),
    given: (name) => parsed.findLast(({ row }) => row.long[0] === name)?.value,
    all: (name) =>
      parsed.flatMap(({ row, value }) => (row.long[0] === name && value !== undefined ? [value] : [])),
    operands,
  };
  if (asked.has('help')) return writeOutput(USAGE);
  try {
    if (asked.has('list')) list();
    else if (asked.has('detach')) detachAll(operands[0]);
    else await attach(asked);
  } catch (error) {
    if (error instanceof LiftError)
      throw new CommandError(`the filter has no form for this: ${error.message}`);
    if (error instanceof RangeError) throw new CommandError(error.message);
    if (error instanceof KernelError)
      throw new CommandError(error.hint === '' ? error.message : `${error.message} (${error.hint})`);
    throw error;
  }
}

async function attach(asked: Asked): Promise<void> {
  const { has, given, operands } = asked;
  const [device, ...expression] = operands;
  if (device === undefined) throw new UsageError('attach takes a device');
  const limit = given('for') === undefined ? undefined : durationOf(given('for')!);
  const mode = has('generic') ? 'generic' : has('native') ? 'native' : undefined;
  const place = { device, mode, name: NAME } as const;
  const bytes = expression.length === 1 && existsSync(expression[0]!) ? readBytes(expression[0]!) : undefined;
  if (bytes !== undefined && asObject(bytes) !== undefined)
    return watch(...attachObjectFile(expression[0]!, bytes, place, asked), limit);
  if (has('maps') || asked.all('map').length > 0) throw new UsageError('--map and --maps are for objects');
  const hook = hookOf(asked);
  const [file, text] = [given('filter-file'), given('filter')];
  const options = parseOptions([
    ...(file === undefined ? [] : ['-F', file]),
    ...(text === undefined ? [] : [`--filter=${text}`]),
    '--',
    ...expression,
  ]);
  const source = await expressionOf(options);
  const linked = filterForHook(filterOf(source, options, AUTO), hook);
  warnAbout(linked, options);
  const results = answersOf(hook, asked);
  const session = connectionOf(process.env.SSH_CONNECTION);
  if (session !== undefined && !has('force')) keepSession(session, linked, results);
  const personality = linked.options.mode === 'linux-live' ? 'kernel' : 'libpcap';
  const { program } = buildObject(linked, { hook, ...results, count: true, personality });
  const attached = attachFilter(device, program, { hook, mode, name: NAME });
  const where = `${hook} at ${device}${has('dry-run') ? ', counting alone' : ''}`;
  await watch(attached, countsOf(attached, where), limit);
}

function countsOf(attached: AttachedFilter, where: string): Telling {
  let before = attached.counts();
  return {
    where,
    eachSecond() {
      const now = attached.counts();
      const [matched, others] = (['matched', 'others'] as const).map(
        (which) => now[which].packets - before[which].packets,
      );
      before = now;
      return `${matched} matched, ${others} others a second`;
    },
    atEnd() {
      const { matched, others } = attached.counts();
      return `${matched.packets} packets matched, ${matched.bytes} bytes\n${others.packets} others, ${others.bytes} bytes\n`;
    },
  };
}

function hookOf({ has }: Asked): 'xdp' | 'tc' {
  if (has('xdp') === has('tc')) throw new UsageError('attach takes one of --xdp, --tc');
  if (has('generic') && has('native')) throw new UsageError('XDP runs --generic or --native');
  if (has('tc') && (has('generic') || has('native')))
    throw new UsageError('--generic and --native are for --xdp');
  return has('xdp') ? 'xdp' : 'tc';
}

/** What is answered for packets that match, and for others. */
function answersOf(hook: 'xdp' | 'tc', { has, given }: Asked): ReturnType<typeof resultsFor> {
  // What passes goes on to whatever else is attached there.
  const passes = ({ xdp: 'XDP_PASS', tc: 'TC_ACT_UNSPEC' } as const)[hook];
  if (has('dry-run')) return { accept: passes, reject: passes };
  const results = resultsFor(hook, given(hook), given('else'));
  const isUsual = given('else') === undefined && given(hook) === undefined;
  return isUsual ? { ...results, reject: passes } : results;
}

/** Results that let a packet go on. */
const PASSING: ReadonlySet<unknown> = new Set([
  'XDP_PASS',
  'TC_ACT_OK',
  'TC_ACT_UNSPEC',
  'TC_ACT_PIPE',
  'TC_ACT_RECLASSIFY',
]);

/** @throws CommandError where packets of the connection would not pass */
function keepSession(
  session: Session,
  filter: { readonly test: (bytes: Uint8Array, start: number, length: number, wireLength: number) => number },
  { accept, reject }: { readonly accept?: unknown | undefined; readonly reject?: unknown },
): void {
  const isCut = session.packets.some((packet) => {
    const matches = filter.test(packet, 0, packet.length, packet.length) !== 0;
    return !PASSING.has(matches ? accept : reject);
  });
  if (isCut) throw wouldCut(session);
}

function list(): void {
  for (const { link, hook, device, name } of listAttached())
    writeOutput(
      `${link}  ${hook} at ${device ?? 'a device that is not here'}: ${name || 'without a name'}\n`,
    );
}

function detachAll(device: string | undefined): void {
  const own = listAttached().filter(
    (one) => one.name === NAME && (device === undefined || one.device === device),
  );
  for (const { link, hook, device: at } of own) {
    detach(link);
    writeMessage(`detached ${hook} at ${at ?? 'a device that is not here'}\n`);
  }
  if (own.length === 0) writeMessage('nothing to detach\n');
}

/** Milliseconds: `60s`, `5m`, `1h`, or seconds alone. */
function durationOf(text: string): number {
  const [, count, unit = 's'] = /^(\d+)(s|m|h)?$/.exec(text) ?? [];
  if (count === undefined || Number(count) === 0)
    throw new UsageError(`--for takes 60s, 5m or 1h, not '${text}'`);
  return Number(count) * SECOND_MS * { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h'];
}
