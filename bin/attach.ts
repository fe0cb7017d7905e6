/** `weir attach`: an expression as a program at a device, for as long as the command runs. */

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
import { filterForHook, resultsFor } from './build.js';
import { expressionOf, filterOf, warnAbout } from './expression.js';
import { parseLine, UsageError } from './getopt.js';
import { parseOptions } from './options.js';
import { CommandError } from './report.js';
import { connectionOf, type Session } from './session.js';
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
  { short: 'F', long: ['filter-file'], value: 'required' },
  { long: ['filter'], value: 'required' },
  { short: 'h', long: ['help'], value: 'none' },
] as const;

export const USAGE = `Usage: weir attach DEVICE EXPRESSION --xdp[=drop | pass | tx | aborted] | --tc[=shot | ok | ...] [--for TIME]
                   [--generic | --native] [--dry-run] [--force]
       weir attach --list
       weir attach --detach [DEVICE]

Runs the expression in the kernel on what arrives at the device, which drops packets that match, or what else is said, and lets
others pass, or what --else says; counts both, and shows them each second on a terminal. It ends with the command, however that
ends, or after --for (60s, 5m, 1h). --dry-run counts alone. --generic and --native choose where XDP runs. What would drop packets
of the connection that the command runs over (SSH_CONNECTION) is refused without --force. --list shows programs of XDP and tc at
devices, --detach takes away those that weir has put there.
`;

/** Lists show programs of this command by it. */
const NAME = 'weir_attach';
const SECOND_MS = 1000;
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What was asked for: whether an option is there, and its value. */
interface Asked {
  readonly has: (name: string) => boolean;
  readonly given: (name: string) => string | undefined;
  readonly operands: readonly string[];
}

/** @throws UsageError, CommandError, FilterError */
export async function runAttach(words: readonly string[]): Promise<void> {
  const { options: parsed, operands } = parseLine(words, ROWS);
  const asked: Asked = {
    has: (name) => parsed.some(({ row }) => row.long[0] === name),
    given: (name) => parsed.findLast(({ row }) => row.long[0] === name)?.value,
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
  const hook = hookOf(asked);
  const limit = given('for') === undefined ? undefined : durationOf(given('for')!);
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
  const mode = has('generic') ? 'generic' : has('native') ? 'native' : undefined;
  const attached = attachFilter(device, program, { hook, mode, name: NAME });
  await watch(attached, `${hook} at ${device}${has('dry-run') ? ', counting alone' : ''}`, limit);
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
  { packets, text }: Session,
  filter: { readonly test: (bytes: Uint8Array, start: number, length: number, wireLength: number) => number },
  { accept, reject }: { readonly accept?: unknown; readonly reject?: unknown },
): void {
  const isCut = packets.some((packet) => {
    const matches = filter.test(packet, 0, packet.length, packet.length) !== 0;
    return !PASSING.has(matches ? accept : reject);
  });
  if (isCut)
    throw new CommandError(
      `this would cut the connection that it runs over (${text}); --force does it all the same`,
    );
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

/** Waits for a signal, the time, or somebody who takes the program away; counts are shown meanwhile. */
async function watch(attached: AttachedFilter, where: string, limit: number | undefined): Promise<void> {
  writeMessage(`weir: attached ${where}\n`);
  let stop = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  let before = attached.counts();
  let isGone = false;
  const tick = setInterval(() => {
    const now = attached.counts();
    const matched = now.matched.packets - before.matched.packets;
    const others = now.others.packets - before.others.packets;
    if (process.stderr.isTTY) writeMessage(`\r${matched} matched, ${others} others a second   `);
    before = now;
    isGone = !attached.isAttached();
    if (isGone) stop();
  }, SECOND_MS);
  const timer = limit === undefined ? undefined : setTimeout(stop, limit);
  try {
    await stopped;
    const { matched, others } = attached.counts();
    if (process.stderr.isTTY) writeMessage('\r');
    if (isGone) writeMessage('weir: somebody else has detached it, or the device is gone\n');
    writeMessage(`${matched.packets} packets matched, ${matched.bytes} bytes\n`);
    writeMessage(`${others.packets} others, ${others.bytes} bytes\n`);
  } finally {
    clearInterval(tick);
    clearTimeout(timer);
    for (const signal of STOP_SIGNALS) process.off(signal, stop);
    attached.close();
  }
}
