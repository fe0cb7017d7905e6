/** Cisco's queries for VLAN memberships (VQP). */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { names } from '../frame/names.js';
import { hex8, sayPadded } from '../frame/text.js';

const HEADER = 8;
const MESSAGES = names('1 Request, Join Port|Response, VLAN|Request, Reconfirm|Response, Reconfirm', '');
const ERRORS = names('No error|3 Access denied|Shutdown port|Wrong VTP domain', 'unknown');
const OBJECTS = names(
  '0xc01 Client IP Address|Port Name|VLAN Name|VTP Domain|Ethernet Packet|MAC Null|0xc08 MAC Address',
);
const MAC_SIZE = 6;

function printObjects(d: Dissection, start: number, length: number, count: number): boolean {
  let left = length;
  for (let at = start, n = count; n !== 0 && left !== 0; n--) {
    d.need(at, 6);
    if (left < 6) return false;
    const [type, size] = [d.u32(at), d.u16(at + 4)];
    at += 6;
    left -= 6;
    d.out += `\n\t  ${OBJECTS(type)} Object (0x${hex8(type)}), length ${size}, value: `;
    if (type === 0 || size === 0) return true;
    d.need(at, size);
    if (size > left) return false;
    if (type === 0xc01) {
      if (size !== 4) return false;
      d.out += `${d.ip4(at)} (0x${hex8(d.u32(at))})`;
    } else if (type >= 0xc02 && type <= 0xc05) sayPadded(d, at, size);
    else if (type === 0xc06 || type === 0xc08) {
      if (size !== MAC_SIZE) return false;
      d.out += d.mac(at);
    } else if (d.verbosity <= 1) printUnknown(d, at, size, '\n\t    ');
    at += size;
    left -= size;
  }
  return true;
}

export function printVqp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'vqp';
  d.need(at, HEADER);
  if (length < HEADER) {
    d.markInvalid();
    return;
  }
  const [version, type, error, count] = [d.u8(at), d.u8(at + 1), d.u8(at + 2), d.u8(at + 3)];
  if (version !== 1) {
    d.out += `VQP version ${version} packet not supported`;
    return;
  }
  const said = `${MESSAGES(type) || `unknown (${type})`} Message, error-code ${ERRORS(error)} (${error}), `;
  if (!d.verbosity) {
    d.out += `VQPv${version} ${said}length ${length}`;
    return;
  }
  d.out += `\n\tVQPv${version}, ${said}seq 0x${hex8(d.u32(at + 4))}, items ${count}, length ${length}`;
  if (!printObjects(d, at + HEADER, length - HEADER, count)) d.markInvalid();
}
