/**
 * Helpers that ask for what is around a program: clocks, chance, the processor, routes, and the tasks, sockets and
 * control groups that there are none of here. Those get the kernel's answer for a packet without.
 */

import { answer, answerUnsigned, answerWide, bytesAt } from '../helpers.js';
import { type Hook, protocolOf } from '../hook.js';
import { ERROR, hasOthers, type MakeHelper, onHook, unsigned } from './arguments.js';

const { EAFNOSUPPORT, EINVAL } = ERROR;

export const monotonic = (): bigint => BigInt(Math.round(performance.now() * 1e6));
const wallClock = (): bigint => BigInt(Date.now()) * 1_000_000n;

const clock: MakeHelper =
  ({ clock: now = monotonic }) =>
  (machine) =>
    answerWide(machine, now());

/** TAI is ahead of UTC by this since 2017. */
const LEAP_SECONDS = 37_000_000_000n;
const taiClock: MakeHelper =
  ({ wallClock: now = wallClock }) =>
  (machine) =>
    answerWide(machine, now() + LEAP_SECONDS);

/** Nanoseconds of a tick at 250 a second, which most kernels have (`CONFIG_HZ`). */
const TICK = 4_000_000n;
const jiffies: MakeHelper =
  ({ clock: now = monotonic }) =>
  (machine) =>
    answerWide(machine, now() / TICK);

const random: MakeHelper =
  ({ random: next = Math.random }) =>
  (machine) =>
    answerUnsigned(machine, (next() * 2 ** 32) >>> 0);

const always =
  (value: number): MakeHelper =>
  () =>
  (machine) =>
    answer(machine, value);

/** Bytes to fill with zeros, as r1 and r2 or r2 and r3 say, and what to answer then. */
const clears =
  (memory: number, result: number): MakeHelper =>
  () =>
  (machine) => {
    bytesAt(machine, memory, unsigned(machine, memory + 1), true).fill(0);
    return answer(machine, result);
  };

const hash = onHook((machine, hook) => answerUnsigned(machine, hook.metadata.receiveHash || flowHash(hook)));

/** A number that packets of one flow have in common: the kernel's is another on each machine. */
function flowHash(hook: Hook): number {
  const { bytes, start, length } = hook.packet;
  const isV4 = protocolOf(hook) === 0x0800;
  const from = start + hook.networkOffset + (isV4 ? 12 : 8);
  const to = Math.min(from + (isV4 ? 8 : 32) + 4, start + length);
  let sum = 0x811c_9dc5;
  for (let at = from; at < to; at++) sum = Math.imul(sum ^ bytes[at]!, 0x0100_0193);
  return sum >>> 0 || 1;
}

const setHashInvalid = onHook((machine, hook) => {
  hook.change({ receiveHash: 0 });
  return answer(machine, 0);
});

const setHash = onHook((machine, hook) => {
  hook.change({ receiveHash: unsigned(machine, 2) });
  return answer(machine, 0);
});

/** Bytes of `struct bpf_fib_lookup`. */
const FIB_SIZE = 64;
/** `BPF_FIB_LOOKUP_*`: direct, output, skip neighbours, by table, source address, mark. */
const FIB_FLAGS = 0x3f;
const AF_INET = 2;
const AF_INET6 = 10;
/** `BPF_FIB_LKUP_RET_NOT_FWDED`: no route leads there. */
const NOT_FORWARDED = 4;

const fibLookup: MakeHelper =
  ({ routes }) =>
  (machine) => {
    const size = unsigned(machine, 3);
    const request = bytesAt(machine, 2, size, true);
    if (size < FIB_SIZE || hasOthers(machine, 4, FIB_FLAGS)) return answer(machine, -EINVAL);
    const family = request[0]!;
    if (family !== AF_INET && family !== AF_INET6) return answer(machine, -EAFNOSUPPORT);
    return answer(machine, routes?.(request, unsigned(machine, 4)) ?? NOT_FORWARDED);
  };

/** Bytes of an Ethernet packet without its header, where the host says nothing else. */
const USUAL_MTU = 1500;
const ETHERNET = 14;
/** `BPF_MTU_CHK_RET_FRAG_NEEDED`. */
const TOO_LONG = 1;

const checkMtu = onHook((machine, { packet }, { mtu = USUAL_MTU }) => {
  const stored = new DataView(bytesAt(machine, 3, 4, true).slice().buffer);
  if (hasOthers(machine, 5, 0)) return answer(machine, -EINVAL);
  const asked = stored.getUint32(0, true);
  const length = (asked === 0 ? packet.length : asked + ETHERNET) + machine.low[4]!;
  const target = bytesAt(machine, 3, 4, true);
  stored.setUint32(0, mtu, true);
  target.set(new Uint8Array(stored.buffer));
  return answer(machine, length > mtu + ETHERNET ? TOO_LONG : 0);
});

/** Linux `overflowuid`: whose socket is not known. */
const NOBODY = 65534;

export const SURROUNDINGS: readonly (readonly [number: number, make: MakeHelper])[] = [
  [5, clock],
  [7, random],
  [8, always(0)],
  [14, always(0)],
  [15, always(0)],
  [16, clears(1, 0)],
  [17, always(0)],
  [24, always(0)],
  [34, hash],
  [41, setHashInvalid],
  [42, always(0)],
  [46, always(0)],
  [47, always(NOBODY)],
  [48, setHash],
  [66, clears(3, -EINVAL)],
  [69, fibLookup],
  [79, always(0)],
  [80, always(0)],
  [83, always(0)],
  // No packet here belongs to a socket: these are never come to.
  [95, always(0)],
  [96, always(0)],
  [98, always(0)],
  [100, always(0)],
  [110, always(0)],
  [124, always(0)],
  [86, always(0)],
  // Nor is one found by its addresses.
  [84, always(0)],
  [85, always(0)],
  [99, always(0)],
  [128, always(0)],
  [129, always(0)],
  // One processor runs one program at a time: nobody else holds a lock.
  [93, always(0)],
  [94, always(0)],
  [118, jiffies],
  [122, always(1)],
  [123, always(0)],
  [125, clock],
  [151, always(0)],
  [160, clock],
  [163, checkMtu],
  [208, taiClock],
];
