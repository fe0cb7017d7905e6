/** Helpers that send a packet elsewhere: where to, the outcome of a run says. Linux `net/core/filter.c`, `xdp.h`. */

import { answer, bytesAt } from '../helpers.js';
import { lookupElement } from '../maps.js';
import type { BpfMap } from '../mapTypes.js';
import { RuntimeFault } from '../memory.js';
import { ERROR, hasOthers, type MakeHelper, onHook, unsigned, wide } from './arguments.js';

const { EINVAL } = ERROR;
const XDP_ABORTED = 0;
const XDP_REDIRECT = 4;
const TC_ACT_SHOT = 2;
const TC_ACT_REDIRECT = 7;
/** `BPF_F_INGRESS`. */
const INGRESS = 1;

const redirect = onHook((machine, hook) => {
  const isXdp = hook.type.name === 'xdp';
  if (hasOthers(machine, 2, isXdp ? 0 : INGRESS)) return answer(machine, isXdp ? XDP_ABORTED : TC_ACT_SHOT);
  hook.redirect = { by: 'redirect', interfaceIndex: unsigned(machine, 1), flags: wide(machine, 2) };
  return answer(machine, isXdp ? XDP_REDIRECT : TC_ACT_REDIRECT);
});

/** What is returned where the map has no such element: the lower bits of the flags. */
const FALLBACK = 3;
/** `BPF_F_BROADCAST`, `BPF_F_EXCLUDE_INGRESS`: for maps of devices. */
const BROADCAST = 8;
const EXCLUDE_INGRESS = 16;

const redirectMap = onHook((machine, hook, { maps }) => {
  const map: BpfMap | undefined = machine.high[1] === 0 ? maps?.get(machine.low[1]!) : undefined;
  if (map === undefined) throw new RuntimeFault('bad-argument', machine.index, 'r1 is no map');
  const allowed =
    FALLBACK | (map.kind === 'deviceMap' || map.kind === 'deviceHash' ? BROADCAST | EXCLUDE_INGRESS : 0);
  if (hasOthers(machine, 3, allowed)) return answer(machine, XDP_ABORTED);
  const key = unsigned(machine, 2);
  const flags = unsigned(machine, 3);
  const bytes = Uint8Array.of(key, key >>> 8, key >>> 16, key >>> 24);
  const isThere = machine.high[2] === 0 && lookupElement(map, bytes) !== 0;
  if (!isThere && (flags & BROADCAST) === 0) return answer(machine, flags & FALLBACK);
  hook.redirect = { by: 'redirect_map', map, key, flags: BigInt(flags) };
  return answer(machine, XDP_REDIRECT);
});

/** Bytes of `struct bpf_redir_neigh`. */
const NEIGHBOUR_SIZE = 20;

const redirectNeighbour = onHook((machine, hook) => {
  const size = unsigned(machine, 3);
  const neighbour = size === 0 ? undefined : bytesAt(machine, 2, size, false);
  if ((size !== 0 && size < NEIGHBOUR_SIZE) || hasOthers(machine, 4, 0)) return answer(machine, TC_ACT_SHOT);
  hook.redirect = {
    by: 'redirect_neigh',
    interfaceIndex: unsigned(machine, 1),
    flags: 0n,
    ...(neighbour === undefined ? {} : { neighbour: neighbour.slice() }),
  };
  return answer(machine, TC_ACT_REDIRECT);
});

const redirectPeer = onHook((machine, hook) => {
  if (hasOthers(machine, 2, 0)) return answer(machine, TC_ACT_SHOT);
  hook.redirect = { by: 'redirect_peer', interfaceIndex: unsigned(machine, 1), flags: 0n };
  return answer(machine, TC_ACT_REDIRECT);
});

/** Sends a copy: the host does, or there is no such interface. */
const cloneRedirect = onHook((machine, { packet }, { cloneRedirect: send }) => {
  if (hasOthers(machine, 3, INGRESS) || send === undefined) return answer(machine, -EINVAL);
  const bytes = packet.bytes.slice(packet.start, packet.start + packet.length);
  return answer(machine, send(bytes, unsigned(machine, 2), unsigned(machine, 3)));
});

export const REDIRECTS: readonly (readonly [number: number, make: MakeHelper])[] = [
  [13, cloneRedirect],
  [23, redirect],
  [51, redirectMap],
  [152, redirectNeighbour],
  [155, redirectPeer],
];
