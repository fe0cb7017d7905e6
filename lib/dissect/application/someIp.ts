/** SOME/IP, remote calls of cars' controllers. */

import type { Dissection } from '../frame/dissection.js';
import { u8, u16, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';
import { filled } from '../frame/text.js';

export const SOME_IP = layout('someip', {
  serviceid: u16(0, 'hex'),
  methodid: u16(2, 'hex'),
  length: u32(4),
  clientid: u16(8, 'hex'),
  sessionid: u16(10, 'hex'),
  protoversion: u8(12),
  interfaceversion: u8(13),
  messagetype: u8(14, 'hex'),
  returncode: u8(15, 'hex'),
});

const HEADER = 16;
const TYPES = names(
  'REQUEST|REQUEST_NO_RETURN|NOTIFICATION|128 RESPONSE|ERROR|32 TP_REQUEST|TP_REQUEST_NO_RETURN|TP_NOTIFICATION|160 TP_RESPONSE|TP_ERROR',
);
const CODES = names(
  'E_OK|E_NOT_OK|E_UNKNOWN_SERVICE|E_UNKNOWN_METHOD|E_NOT_READY|E_NOT_REACHABLE|E_TIMEOUT|E_WRONG_PROTOCOL_VERSION|E_WRONG_INTERFACE_VERSION|E_MALFORMED_MESSAGE|E_WRONG_MESSAGE_TYPE|E_E2E_REPEATED|E_E2E_WRONG_SEQUENCE|E_E2E|E_E2E_NOT_AVAILABLE|E_E2E_NO_NEW_DATA',
);

export function printSomeIp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'someip';
  d.out += 'SOMEIP';
  if (length < HEADER) {
    d.markInvalid();
    return;
  }
  const call = d.u32(at) & 0xffff;
  d.out += `, service ${d.u16(at)}, ${call & 0x8000 ? 'event' : 'method'} ${call & 0x7fff}`;
  d.out += filled(d, at + 4, ', len %4');
  d.out += filled(d, at + 8, ', client %2, session %2');
  d.out += filled(d, at + 12, ', pver %1');
  d.out += filled(d, at + 13, ', iver %1');
  d.out += `, msgtype ${TYPES(d.u8(at + 14))}`;
  d.out += `, retcode ${CODES(d.u8(at + 15))}\n`;
}
