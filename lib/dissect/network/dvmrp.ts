/** What multicast routers say over IGMP: DVMRP and version 1 of PIM; and Cisco's auto-RP. */

import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { names } from '../frame/names.js';
import { duration, filled, hex2 } from '../frame/text.js';

const TYPES = names(
  '1 Probe|Report|Ask-neighbors(old)|Neighbors(old)|Ask-neighbors2|Neighbors2|Prune|Graft|Graft-ACK',
  '',
);

/** Says why the rest is not read, and is false. */
function enough(d: Dissection, left: number, least: number, title = ' [length'): boolean {
  if (left >= least) return true;
  d.out += `${title} ${left} < ${least}]`;
  d.markInvalid();
  return false;
}

function printReport(d: Dissection, start: number, length: number): void {
  let at = start;
  let left = length;
  const numeric = (bytes: readonly number[]): string => bytes.join('.');
  while (left > 0) {
    if (!enough(d, left, 3)) return;
    const mask = [255, d.u8(at), d.u8(at + 1), d.u8(at + 2)];
    const width = mask[3] ? 4 : mask[2] ? 3 : mask[1] ? 2 : 1;
    d.out += `\n\tMask ${numeric(mask)}`;
    at += 3;
    left -= 3;
    for (let done = false; !done; ) {
      if (left < width + 1) {
        d.out += '\n\t  [Truncated Report]';
        d.markInvalid();
        return;
      }
      const origin = [0, 1, 2, 3].map((i) => (i < width ? d.u8(at + i) : 0));
      const metric = d.u8(at + width);
      d.out += `\n\t  ${numeric(origin)} metric ${metric & 0x7f}`;
      done = metric > 0x7f;
      at += width + 1;
      left -= width + 1;
    }
  }
}

function printProbe(d: Dissection, at: number, length: number): void {
  if (!enough(d, length, 4, ' [full length')) return;
  d.out += d.verbosity > 1 ? '\n\t' : ' ';
  d.out += `genid ${d.u32(at)}`;
  if (d.verbosity < 2) return;
  for (let i = 4; i < length; i += 4) {
    if (!enough(d, length - i, 4, '[remaining length')) return;
    d.out += `\n\tneighbor ${d.ip4(at + i)}`;
  }
}

const NEIGHBOR_FLAGS = [
  [1, 'tunnel'],
  [2, 'srcrt'],
  [0x40, 'querier'],
  [0x20, 'disabled'],
  [0x10, 'down'],
] as const;

/** Lists of neighbors, of the old form or of the new one, which has flags. */
function printNeighbors(d: Dissection, start: number, length: number, flagged: boolean): void {
  const head = flagged ? 8 : 7;
  let at = start;
  let left = length;
  while (left > 0) {
    if (!enough(d, left, head)) return;
    const own = at;
    const [metric, threshold] = [d.u8(at + 4), d.u8(at + 5)];
    const flags = flagged ? d.u8(at + 6) : 0;
    let count = d.u8(at + head - 1);
    at += head;
    left -= head;
    for (; count > 0 && (!flagged || left > 0); count--) {
      if (!enough(d, left, 4)) return;
      d.out += ` [${d.ip4(own)} -> `;
      d.out += `${d.ip4(at)}${flagged ? '' : ','} (${metric}/${threshold}`;
      for (const [bit, name] of NEIGHBOR_FLAGS) if (flags & bit) d.out += `/${name}`;
      d.out += ')]';
      at += 4;
      left -= 4;
    }
    if (count !== 0) {
      d.out += ' [invalid ncount]';
      d.markInvalid();
      return;
    }
  }
}

/** `at` is that of the IGMP header, which is whole. */
export function printDvmrp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'dvmrp';
  const type = d.u8(at + 1);
  const [data, left] = [at + 8, length - 8];
  d.out += ` ${TYPES(type) || `[type ${type}]`}`;
  if (type === 1 && d.verbosity) printProbe(d, data, left);
  else if (type === 2 && d.verbosity > 1) printReport(d, data, left);
  else if (type === 4) printNeighbors(d, data, left, false);
  else if (type === 6) {
    d.out += ` (v ${d.u8(at + 7)}.${d.u8(at + 6)}):`;
    printNeighbors(d, data, left, true);
  } else if (type >= 7 && type <= 9) {
    d.out += filled(d, data, ' src %i grp %i');
    if (type !== 7) return;
    d.out += ' timer ';
    d.out += duration(d.u32(data + 8));
  }
}

const PIM_TYPES = names('Query|Register|Register-Stop|Join/Prune|RP-reachable|Assert|Graft|Graft-ACK', '');
const MODES = ['Dense-mode', 'Sparse-mode', 'Sparse-Dense-mode'];

/** An address, and its mask where that is not all ones. */
function masked(d: Dissection, at: number): string {
  return d.u32(at + 4) === 0xffff_ffff ? d.ip4(at) : `${d.ip4(at)}/${d.ip4(at + 4)}`;
}

function printJoins(d: Dissection, start: number, length: number): void {
  if (d.has(start, 30) && d.u8(start + 11) === 1 && d.u16(start + 20) + d.u16(start + 22) === 1) {
    const hold = d.u16(start + 6);
    const [first, second] = [d.u8(start + 24), d.u8(start + 25)];
    d.out += ` RPF ${d.ip4(start)} ${hold === 180 ? '' : `Hold ${duration(hold)}`}`;
    d.out += `${d.u16(start + 20) ? 'Join' : 'Prune'} (${d.ip4(start + 26)}/${second & 0x3f}, ${masked(d, start + 12)}`;
    d.out += `) ${first & 1 ? 'Sparse' : 'Dense'} ${second & 0x80 ? 'WC' : ''} ${second & 0x40 ? 'RP' : 'SPT'}`;
    return;
  }
  let at = start;
  let left = length;
  const need = (size: number): void => {
    if (left < size) throw ENDS_EARLY;
  };
  const skip = (size: number): void => {
    at += size;
    left -= size;
  };
  const line = d.verbosity > 1 ? '\n' : '';
  need(4);
  d.out += line;
  d.out += ` Upstream Nbr: ${d.ip4(at)}`;
  skip(4);
  need(4);
  d.out += `${line} Hold time: `;
  d.out += duration(d.u16(at + 2));
  if (d.verbosity < 2) return;
  skip(4);
  need(4);
  const groups = d.u8(at + 3);
  skip(4);
  for (let group = 0; group < groups; group++) {
    need(4);
    d.out += `\n\tGroup: ${d.ip4(at)}`;
    skip(4);
    need(4);
    if (d.u32(at) !== 0xffff_ffff) d.out += `/${d.ip4(at)}`;
    skip(4);
    need(4);
    const [joined, pruned] = [d.u16(at), d.u16(at + 2)];
    d.out += ` joined: ${joined} pruned: ${pruned}`;
    skip(4);
    for (let i = 0; i < joined + pruned; i++) {
      need(6);
      const [first, second] = [d.u8(at), d.u8(at + 1)];
      d.out += `\n\t${i < joined ? 'Join ' : 'Prune'} ${first & 1 ? 'Sparse ' : 'Dense '}${second & 0x80 ? 'WC ' : ''}${second & 0x40 ? 'RP ' : 'SPT '}${d.ip4(at + 2)}/${second & 0x3f}`;
      skip(6);
    }
  }
}

function printPimType(d: Dissection, type: number, at: number, length: number): void {
  if (type === 0) {
    if (d.has(at + 8, 1)) d.out += ` ${MODES[d.u8(at + 8) >> 4] ?? `mode-${d.u8(at + 8) >> 4}`}`;
    if (!d.verbosity) return;
    d.out += ' (Hold-time ';
    d.out += `${duration(d.u16(at + 10))})`;
  } else if (type === 1) {
    ask(d, at + 8, 20);
    d.out += filled(d, at + 20, ' for %i > %i');
  } else if (type === 2) d.out += filled(d, at + 8, ' for %i > %i');
  else if (type === 4 && d.verbosity) {
    d.out += ` group ${d.ip4(at + 8)}`;
    d.out += masked(d, at + 8).slice(d.ip4(at + 8).length);
    d.out += ` RP ${d.ip4(at + 16)} hold `;
    d.out += duration(d.u16(at + 22));
  } else if (type === 5) {
    d.out += ` for ${d.ip4(at + 16)} > ${masked(d, at + 8)}`;
    const preference = d.u32(at + 20);
    d.out += ` ${preference > 0x7fff_ffff ? 'RP-tree' : 'SPT'} pref ${preference & 0x7fff_ffff} metric ${d.u32(at + 24)}`;
  } else if ((type === 3 || type === 6 || type === 7) && d.verbosity) {
    untilCut(d, () => {
      if (length < 8) throw ENDS_EARLY;
      printJoins(d, at + 8, length - 8);
    });
  }
}

export function printPim1(d: Dissection, at: number, length: number): void {
  d.cutAs = 'pimv1';
  const type = d.u8(at + 1);
  d.out += ` ${PIM_TYPES(type) || `[type ${type}]`}`;
  untilCut(d, () => {
    printPimType(d, type, at, length);
    const version = d.u8(at + 4) >> 4;
    if (version !== 1) d.out += ` [v${version}]`;
  });
}

const VERSIONS = ['v?', 'v1', 'v2', 'v1+2'];

export function printAutoRp(d: Dissection, start: number, length: number): void {
  d.cutAs = 'cisco_autorp';
  let at = start;
  let left = length;
  const need = (size: number): void => {
    if (left < size) throw ENDS_EARLY;
    left -= size;
  };
  untilCut(d, () => {
    need(8);
    const type = d.u8(at);
    const kind = type === 0x11 ? 'candidate-advert' : type === 0x12 ? 'mapping' : `type-0x${hex2(type)}`;
    d.out += ` auto-rp ${kind}`;
    const points = d.u8(at + 1);
    d.out += ' Hold ';
    const hold = d.u16(at + 2);
    d.out += hold ? duration(hold) : 'FOREVER';
    at += 8;
    for (let point = 0; point < points; point++) {
      need(4);
      d.out += ` RP ${d.ip4(at)}`;
      need(1);
      const flags = d.u8(at + 4);
      d.out += ` PIM${VERSIONS[flags & 3]}${flags & 0xfc ? ` [rsvd=0x${hex2(flags & 0xfc)}]` : ''}`;
      need(1);
      const entries = d.u8(at + 5);
      at += 6;
      for (let i = 0; i < entries; i++) {
        need(6);
        const bits = d.u8(at);
        d.out += `${i ? ',' : ' '}${bits & 1 ? '!' : ''}${d.ip4(at + 2)}/${d.u8(at + 1)}`;
        d.out += `${bits & 2 ? ' bidir' : ''}${bits & 0xfc ? `[rsvd=0x${hex2(bits & 0xfc)}]` : ''}`;
        at += 6;
      }
    }
  });
}
