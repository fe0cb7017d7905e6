/** LWAPP, between access points and their controllers (RFC 5412). */

import { ask, untilCut } from '../frame/ask.js';
import type { Dissection, PortPrinter } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bitNames, names } from '../frame/names.js';
import { filled } from '../frame/text.js';

const HEADER = 6;
const MESSAGE = 8;
const FLAGS = bitNames('1 Last Fragment Bit|2 Fragment Bit|4 Control Bit');
const MESSAGES = names(
  '1 Discovery req|Discovery resp|Join req|Join resp|Join ack|Join confirm|10 Configure req|Configure resp|Update req|Update resp|WTP event req|WTP event resp|Change state event req|Change state event resp|22 Echo req|Echo resp|Image data req|Image data resp|Channel status req|Channel status resp|30 Key update req|Key update resp|Primary discovery req|Primary discovery resp|Data transfer req|Data transfer resp|Clear config ind|Wlan config req|Wlan config resp|Mobile config req|Mobile config resp',
);

/** The transport header at `head`; returns the length that it says, or -1 where there is no more to say. */
function printTransport(d: Dissection, head: number, length: number, least: number): number {
  ask(d, head, HEADER);
  const first = d.u8(head);
  if (first >> 6 !== 0) {
    d.out += `LWAPP version ${first >> 6} packet not supported`;
    return -1;
  }
  const size = d.u16(head + 2);
  const isShort = size < least;
  const kind = `LWAPPv0, ${first & 4 ? 'Control' : 'Data'} frame,`;
  const flags = `Flags [${FLAGS(first & 7)}],`;
  if (!d.verbosity) d.out += `${kind} ${flags} length ${length}`;
  else {
    const gap = least > 0 ? ' ' : ''; // tcpdump's own
    d.out += `${kind} Radio-id ${gap}${(first >> 3) & 7}, ${flags}${isShort ? '' : ` Frag-id ${gap}${d.u8(head + 1)},`}`;
    d.out += ` length ${size}${isShort ? ' < transport header length' : ''}`;
  }
  return d.verbosity && !isShort ? size : -1;
}

export const printLwappData: PortPrinter = (d, at, length) => {
  d.cutAs = 'lwapp_data';
  untilCut(d, () => {
    const size = printTransport(d, at, length, HEADER);
    if (size >= 0) printUnknown(d, at + HEADER, size - HEADER, '\n\t');
  });
};

/** Messages from an access point begin with its address. */
const printControl =
  (identity: number): PortPrinter =>
  (d, start, length) => {
    d.cutAs = 'lwapp_control';
    untilCut(d, () => {
      ask(d, start, identity);
      let left = printTransport(d, start + identity, length, 0);
      if (identity > 0 && left >= 0) d.out += `\n\tAP identity: ${d.mac(start)}`;
      let at = start + identity + HEADER;
      while (left > 0) {
        ask(d, at, MESSAGE);
        const size = MESSAGE + d.u16(at + 2);
        if (left < MESSAGE || left < size) {
          d.out += '\n\t  Msg goes past end of PDU';
          return;
        }
        d.out += `\n\t  Msg type: ${MESSAGES(d.u8(at))}${filled(d, at, ' (%1), Seqnum: %1, Msg len: %2, Session: 0x%x4')}`;
        ask(d, at, size - MESSAGE);
        at += size;
        left -= size;
      }
    });
  };
export const printLwappControl = printControl(0);
export const printLwappFromPoint = printControl(6);
