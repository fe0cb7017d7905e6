/** Routing of old: EGP (RFC 904), Cisco's IGRP; and minimal encapsulation for mobile IP (RFC 2004). */

import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import { checksum } from '../frame/checksum.js';
import type { Dissection } from '../frame/dissection.js';
import { hex4 } from '../frame/text.js';

const ACQUIRE = ['request', 'confirm', 'refuse', 'cease', 'cease_ack'];
// biome-ignore format: a table
const STATUSES = ['unspecified', 'active_mode', 'passive_mode', 'insufficient_resources', 'administratively_prohibited', 'going_down', 'parameter_violation', 'protocol_violation'];
// biome-ignore format: a table
const REASONS = ['unspecified', 'bad_EGP_header_format', 'bad_EGP_data_field_format', 'reachability_info_unavailable', 'excessive_polling_rate', 'no_response', 'unsupported_version'];
const EGP_HEADER = 16;

export function printEgp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'egp';
  if (length < EGP_HEADER || !d.has(at, EGP_HEADER)) {
    d.markTruncated();
    return;
  }
  const [version, type, code, status] = [d.u8(at), d.u8(at + 1), d.u8(at + 2), d.u8(at + 3)];
  if (d.verbosity) d.out += `EGPv${version}, length ${length}`;
  else {
    d.out += `EGPv${version}, AS ${d.u16(at + 6)}, seq ${d.u16(at + 8)}, length ${length}`;
    return;
  }
  if (version !== 2) {
    d.out += `[version ${version}]`;
    return;
  }
  const state = (value: number): string => {
    const name = ['indeterminate', 'up', 'down'][value];
    return name === undefined ? ` [status ${value}]` : ` state:${name}`;
  };
  if (type === 3) {
    d.out += ' acquire';
    if (code > 4) d.out += `[code ${code}]`;
    else if (code < 2) {
      d.out += ` ${ACQUIRE[code]}${status < 3 ? ` ${STATUSES[status]}` : ` [status ${status}]`}`;
      d.out += ` hello:${d.u16(at + 10)} poll:${d.u16(at + 12)}`;
    } else {
      const name = status === 1 || status === 2 ? undefined : STATUSES[status];
      d.out += ` ${ACQUIRE[code]}${name === undefined ? `[status ${status}]` : ` ${name}`}`;
    }
  } else if (type === 5) {
    if (code > 1) d.out += `[reach code ${code}]`;
    else d.out += ` ${code === 0 ? 'hello' : 'i-h-u'}${state(status)}`;
  } else if (type === 2) d.out += ` poll${state(status)} net:${d.ip4(at + 12)}`;
  else if (type === 1) {
    d.out += ` update${status & 0x80 ? ' unsolicited' : ''}${state(status & 0x7f)}`;
    d.out += ` ${d.ip4(at + 12)} int ${d.u8(at + 10)} ext ${d.u8(at + 11)}`;
    printGateways(d, at, length);
  } else if (type === 8) {
    const reason = d.u16(at + 10);
    d.out += ` error${state(status)} ${REASONS[reason] ?? `[reason ${reason}]`}`;
  } else d.out += `[type ${type}]`;
}

/** Bytes of an address that its class says are the network's; tcpdump takes the last octet for the first here. */
const networkBytes = (octet: number): number => (octet < 128 ? 1 : octet < 192 ? 2 : octet < 224 ? 3 : 0);

/** Gateways with the networks they lead to, by distance, addresses less what follows from their class (RFC 904 §3.1). */
function printGateways(d: Dissection, start: number, length: number): void {
  let at = start + EGP_HEADER;
  let left = length - EGP_HEADER;
  const pay = (size: number): void => {
    if (left < size) throw ENDS_EARLY;
    left -= size;
  };
  const next = (): number => {
    ask(d, at, 1);
    return d.u8(at++);
  };
  const take = (): number => {
    pay(1);
    return next();
  };
  const [inside, outside] = [d.u8(start + 10), d.u8(start + 11)];
  const kept = networkBytes(d.u8(start + 15));
  untilCut(d, () => {
    for (let gateway = 0; gateway < inside + outside; gateway++) {
      const octets = [0, 0, 0, 0];
      for (let i = 4 - kept; i < 4; i++) octets[i] = d.u8(start + 12 + i);
      pay(4 - kept);
      if (kept > 0) for (let i = 3 - kept; i >= 0; i--) octets[i] = next();
      let distances = take();
      d.out += ` ${gateway < inside ? 'int' : 'ext'} ${octets.join('.')} (`;
      for (let comma = ''; distances > 0; distances--, comma = ', ') {
        const distance = take();
        let networks = take();
        d.out += `${comma}d${distance}:`;
        for (; networks > 0; networks--) {
          const first = take();
          const second = first < 128 ? 0 : take();
          const third = first < 192 ? 0 : take();
          d.out += ` 0.${third}.${second}.${first}`;
        }
      }
      d.out += ')';
    }
  });
}

const IGRP_HEADER = 12;
const ROUTE = 14;

function sayRoute(d: Dissection, at: number, kind: number): void {
  const net = `${d.u8(at)}.${d.u8(at + 1)}.${d.u8(at + 2)}`;
  d.out += [` *.${net}`, ` ${net}.0`, ` X${net}.0`][kind]!;
  const [delay, bandwidth] = [d.u24(at + 3), d.u24(at + 6)];
  d.out += ` d=${10 * delay} b=${bandwidth === 0 ? 0 : Math.floor(10_000_000 / bandwidth)} r=${d.u8(at + 11)} l=${d.u8(at + 12)}`;
  d.out += ` M=${Math.min(0xff_ffff, delay + bandwidth)} mtu=${d.u16(at + 9)} in ${d.u8(at + 13)} hops`;
}

export function printIgrp(d: Dissection, start: number, length: number): void {
  d.cutAs = 'igrp';
  d.out += 'igrp:';
  untilCut(d, () => {
    ask(d, start, IGRP_HEADER - 2);
    const counts = [d.u16(start + 4), d.u16(start + 6), d.u16(start + 8)];
    const operation = d.u8(start) & 15;
    d.out += ` ${['', 'update', 'request'][operation] || `op-#${operation}`} V${d.u8(start) >> 4} edit=${d.u8(start + 1)} AS=${d.u16(start + 2)} (${counts.join('/')})`;
    if (d.verbosity) d.out += ` checksum=0x${hex4(d.u16(start + 10))}`;
    let at = start + IGRP_HEADER;
    let left = (length - IGRP_HEADER) >>> 0;
    for (; left >= ROUTE; left -= ROUTE, at += ROUTE) {
      const kind = counts.findIndex((count) => count > 0);
      if (kind < 0) {
        d.out += ` [extra bytes ${left}]`;
        break;
      }
      sayRoute(d, at, kind);
      counts[kind]!--;
    }
    if (left !== 0 || counts.some((count) => count > 0)) d.markInvalid();
  });
}

export function printMobileIp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'mobile';
  if (length < 8 || !d.has(at, 12)) {
    d.markTruncated();
    return;
  }
  d.out += 'mobile: ';
  const hasSource = (d.u8(at + 1) & 0x80) !== 0;
  d.out += hasSource ? '[S] ' : '[] ';
  if (d.verbosity) {
    if (hasSource) d.out += `${d.ip4(at + 8)} `;
    d.out += `> ${d.ip4(at + 4)} (oproto=${d.u8(at)})`;
  }
  if (checksum(d.data, at, hasSource ? 12 : 8) !== 0) d.out += ` (bad checksum ${d.u16(at + 2)})`;
}
