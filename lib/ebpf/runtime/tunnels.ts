/** Keys and options of tunnels that packets come from or go to. Linux `net/core/filter.c`. */

import { answer, bytesAt } from '../helpers.js';
import { ERROR, hasOthers, type MakeHelper, onHook, unsigned } from './arguments.js';

const { EINVAL, ENOENT, ENOMEM, EPROTO } = ERROR;

/** `struct bpf_tunnel_key`, and how much of it older programs know. */
const KEY_SIZE = 44;
const REMOTE = 4;
const FIRST_REMOTE_ONLY = 8;
const EXTENSION = 22;
const LABEL = 24;
const LOCAL = 28;
const SIZES: ReadonlySet<number> = new Set([KEY_SIZE, LOCAL, LABEL, EXTENSION, FIRST_REMOTE_ONLY]);
const ADDRESS = 16;

/** `BPF_F_TUNINFO_IPV6`, `BPF_F_TUNINFO_FLAGS`. */
const IPV6 = 1;
const READ_FLAGS = IPV6 | 16;
/** With `BPF_F_ZERO_CSUM_TX`, `_DONT_FRAGMENT`, `_SEQ_NUMBER`, `_NO_TUNNEL_KEY`. */
const WRITE_FLAGS = IPV6 | 2 | 4 | 8 | 16;

const getKey = onHook((machine, { tunnel }) => {
  const size = unsigned(machine, 3);
  const target = bytesAt(machine, 2, size, true);
  target.fill(0);
  if (tunnel === undefined || hasOthers(machine, 4, READ_FLAGS)) return answer(machine, -EINVAL);
  const flags = unsigned(machine, 4);
  if (tunnel.isV6 !== ((flags & IPV6) !== 0)) return answer(machine, -EPROTO);
  if (!SIZES.has(size) || (size === FIRST_REMOTE_ONLY && tunnel.isV6)) return answer(machine, -EINVAL);
  const { key } = tunnel;
  const length = tunnel.isV6 ? ADDRESS : 4;
  const answerKey = new Uint8Array(KEY_SIZE);
  answerKey.set(key.subarray(0, REMOTE));
  answerKey.set(key.subarray(REMOTE + ADDRESS, EXTENSION), REMOTE + ADDRESS);
  // What is local to a packet that comes is remote to one that goes.
  answerKey.set(key.subarray(LOCAL, LOCAL + length), REMOTE);
  answerKey.set(key.subarray(REMOTE, REMOTE + length), LOCAL);
  if (tunnel.isV6) answerKey.set(key.subarray(LABEL, LOCAL), LABEL);
  target.set(answerKey.subarray(0, size));
  return answer(machine, 0);
});

const setKey = onHook((machine, hook) => {
  const size = unsigned(machine, 3);
  const given = bytesAt(machine, 2, size, false);
  if (hasOthers(machine, 4, WRITE_FLAGS) || !SIZES.has(size)) return answer(machine, -EINVAL);
  const isV6 = (unsigned(machine, 4) & IPV6) !== 0;
  const key = new Uint8Array(KEY_SIZE);
  key.set(given);
  const hasLabel = key.subarray(LABEL, LOCAL).some((byte) => byte !== 0);
  const hasExtension = key[EXTENSION] !== 0 || key[EXTENSION + 1] !== 0;
  if ((hasLabel && !isV6) || hasExtension) return answer(machine, -EINVAL);
  // Flow labels have 20 bits.
  key[LABEL + 2]! &= 0x0f;
  key[LABEL + 3] = 0;
  hook.tunnel = { key, isV6, options: undefined };
  return answer(machine, 0);
});

const MOST_OPTIONS = 255;

const getOptions = onHook((machine, { tunnel }) => {
  const size = unsigned(machine, 3);
  const target = bytesAt(machine, 2, size, true);
  target.fill(0);
  const options = tunnel?.options;
  if (options === undefined) return answer(machine, -ENOENT);
  if (options.length > size) return answer(machine, -ENOMEM);
  target.set(options);
  return answer(machine, options.length);
});

const setOptions = onHook((machine, { tunnel }) => {
  const size = unsigned(machine, 3);
  const options = bytesAt(machine, 2, size, false);
  if (tunnel === undefined || (size & 3) !== 0) return answer(machine, -EINVAL);
  if (size > MOST_OPTIONS) return answer(machine, -ENOMEM);
  tunnel.options = options.slice();
  return answer(machine, 0);
});

export const TUNNELS: readonly (readonly [number: number, make: MakeHelper])[] = [
  [20, getKey],
  [21, setKey],
  [29, getOptions],
  [30, setOptions],
];
