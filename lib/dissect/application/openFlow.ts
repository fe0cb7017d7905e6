/** OpenFlow (https://opennetworking.org): messages of versions 1.0 and 1.3 behind each other. */

import type { Dissection } from '../frame/dissection.js';
import { items, u8, u16, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';
import { hex2, sayFilled } from '../frame/text.js';
import { BODIES_10, TYPES_10 } from './openFlow10.js';
import { BODIES_13, TYPES_13 } from './openFlow13.js';
import type { Bodies } from './openFlowParts.js';

const MESSAGE = layout('openflow', {
  version: u8(0, 'hex'),
  '.openflow_1_0.type': u8(1).when((p) => p.u8(0) === 1),
  '.openflow_v4.type': u8(1).when((p) => p.u8(0) === 4),
  length: u16(2),
  xid: u32(4),
});
export const OPENFLOW = layout('openflow', {
  records: items(0, MESSAGE, { size: (p) => p.u16(2) }),
});

const HEADER = 8;
const VERSIONS = names('1 1.0|1.1|1.2|1.3|1.4|1.5', '');

/** A message's name and how long its body is: `4+` at least, `4` exactly, nothing: anything. */
interface Type {
  readonly name: string;
  readonly size: number;
  readonly more: boolean;
}
const typesOf = (packed: string): readonly Type[] =>
  packed.split('|').map((row) => {
    const [name, size = '0+'] = row.split(' ');
    return { name: name!, size: Number.parseInt(size, 10), more: size.endsWith('+') };
  });
const TYPES: Readonly<Record<number, readonly Type[]>> = { 1: typesOf(TYPES_10), 4: typesOf(TYPES_13) };
const BODIES: Readonly<Record<number, Bodies>> = { 1: BODIES_10, 4: BODIES_13 };

/** Prints `length` bytes of messages. The last may go on in the next segment. */
export function printOpenFlow(d: Dissection, start: number, length: number): void {
  d.cutAs = 'openflow';
  d.out += ': OpenFlow';
  const end = start + length;
  for (let at = start; at < end; ) {
    const size = printHead(d, at, end);
    if (size === undefined) {
      d.need(at, end - at);
      return;
    }
    const [version, code] = [d.u8(at), d.u8(at + 1)];
    printBody(d, at + HEADER, size - HEADER, TYPES[version]?.[code], BODIES[version]?.[code]);
    at += size;
  }
}

/** A message's size; nothing where the segment ends within the header, or the size cannot be. */
function printHead(d: Dissection, at: number, end: number): number | undefined {
  const version = d.u8(at);
  d.out += `\n\tversion ${VERSIONS(version) || `unknown (0x${hex2(version)})`}`;
  if (end - at >= 2) {
    const code = d.u8(at + 1);
    d.out += `, type ${TYPES[version]?.[code]?.name ?? `unknown (0x${hex2(code)})`}`;
  }
  const size = end - at >= 4 ? d.u16(at + 2) : HEADER;
  if (end - at >= 4) d.out += `, length ${size}${size < HEADER ? ' (too short!)' : ''}`;
  if (end - at < HEADER) d.out += ' (end of TCP payload)';
  else sayFilled(d, at + 4, ', xid 0x%x4');
  if (end - at >= HEADER && size >= HEADER) return size;
  if (end - at >= HEADER) d.markInvalid();
  return undefined;
}

function printBody(d: Dissection, at: number, size: number, type?: Type, body?: Bodies[number]): void {
  if (type !== undefined && (type.more ? size < type.size : size !== type.size)) d.markInvalid();
  else if (d.verbosity && body !== undefined) {
    body(d, at, size);
    return;
  }
  d.need(at, size);
}
