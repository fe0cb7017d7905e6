/** Helpers that copy bytes from and to the packet. Linux `net/core/filter.c`. */

import { answer, answerUnsigned, bytesAt } from '../helpers.js';
import { hasLinkHeader } from '../hook.js';
import { ERROR, hasOthers, type MakeHelper, onHook, packetBytes, unsigned } from './arguments.js';

const { EFAULT, EINVAL, ENOMEM } = ERROR;
const MAX_INT = 0x7fff_ffff;
const MAX_OFFSET = 0xffff;
const ETHERNET = 14;

/** `BPF_F_RECOMPUTE_CSUM`, `BPF_F_INVALIDATE_HASH`. */
const STORE_FLAGS = 3;
const INVALIDATE_HASH = 2;

const skbStoreBytes = onHook((machine, hook) => {
  const [offset, length] = [unsigned(machine, 2), unsigned(machine, 4)];
  const from = bytesAt(machine, 3, length, false);
  if (hasOthers(machine, 5, STORE_FLAGS)) return answer(machine, -EINVAL);
  const to = offset > MAX_INT ? undefined : packetBytes(hook, offset, length);
  if (to === undefined) return answer(machine, -EFAULT);
  to.set(from);
  if ((machine.low[5]! & INVALIDATE_HASH) !== 0) hook.change({ receiveHash: 0 });
  return answer(machine, 0);
});

const skbLoadBytes: MakeHelper = () => (machine) => {
  const { packet } = machine;
  const [offset, length] = [machine.low[2]!, unsigned(machine, 4)];
  const target = bytesAt(machine, 3, length, true);
  if (packet === undefined || offset < 0 || offset + length > packet.length) {
    target.fill(0);
    return answer(machine, -EFAULT);
  }
  target.set(packet.bytes.subarray(packet.start + offset, packet.start + offset + length));
  return answer(machine, 0);
};

/** `BPF_HDR_START_MAC`, `BPF_HDR_START_NET`. */
const START_MAC = 0;
const START_NET = 1;

const skbLoadBytesRelative = onHook((machine, hook) => {
  const [offset, length, from] = [unsigned(machine, 2), unsigned(machine, 4), unsigned(machine, 5)];
  const target = bytesAt(machine, 3, length, true);
  const mac = hasLinkHeader(hook.type) ? 0 : -ETHERNET;
  const start = from === START_MAC ? mac : from === START_NET ? hook.networkOffset : undefined;
  const source =
    offset > MAX_OFFSET || start === undefined ? undefined : packetBytes(hook, start + offset, length);
  if (source === undefined) {
    target.fill(0);
    return answer(machine, -EFAULT);
  }
  target.set(source);
  return answer(machine, 0);
});

/** All that there is of a packet here lies in one piece. */
const skbPullData = onHook((machine, { packet }) =>
  answer(machine, unsigned(machine, 2) > packet.length ? -ENOMEM : 0),
);

const xdpLoadBytes = onHook((machine, hook) => {
  const [offset, length] = [unsigned(machine, 2), unsigned(machine, 4)];
  const target = bytesAt(machine, 3, length, true);
  const source = packetBytes(hook, offset, length);
  if (offset > MAX_OFFSET || length > MAX_OFFSET) return answer(machine, -EFAULT);
  if (source === undefined) return answer(machine, -EINVAL);
  target.set(source);
  return answer(machine, 0);
});

const xdpStoreBytes = onHook((machine, hook) => {
  const [offset, length] = [unsigned(machine, 2), unsigned(machine, 4)];
  const source = bytesAt(machine, 3, length, false);
  const target = packetBytes(hook, offset, length);
  if (offset > MAX_OFFSET || length > MAX_OFFSET) return answer(machine, -EFAULT);
  if (target === undefined) return answer(machine, -EINVAL);
  target.set(source);
  return answer(machine, 0);
});

const xdpBuffLength = onHook((machine, { packet }) => answerUnsigned(machine, packet.length));

export const PACKET_BYTES: readonly (readonly [number: number, make: MakeHelper])[] = [
  [9, skbStoreBytes],
  [26, skbLoadBytes],
  [39, skbPullData],
  [68, skbLoadBytesRelative],
  [188, xdpBuffLength],
  [189, xdpLoadBytes],
  [190, xdpStoreBytes],
];
