/** Link types of few words: packets of OpenBSD's firewall (pflog), USB as Linux records it, LocalTalk. */

import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { names } from '../frame/names.js';
import { sayPadded } from '../frame/text.js';
import { printLocalTalk } from '../network/appleTalk.js';

const LEAST_PFLOG = 45;
const PFLOG = 64;
const REASONS = names(
  'match|bad-offset|fragment|4 short|memory|bad-timestamp|congestion|ip-option|proto-cksum|state-mismatch|state-insert|state-limit|src-limit|synproxy',
  '',
);
const ACTIONS = names('pass|block|scrub|4 nat|nonat|binat|nobinat|rdr|nordr|synproxy-drop', '');
const DIRECTIONS = names('in/out|in|out', '');

function sayRule(d: Dissection): void {
  const unknown = (name: string, number: number): string => name || `unkn(${number})`;
  const [action, reason, direction, sub] = [d.u8(2), d.u8(3), d.u8(60), d.u32(40)];
  d.out += `rule ${d.u32(36)}`;
  if (sub !== 0xffff_ffff) {
    d.out += '.';
    sayPadded(d, 20, 16);
    d.out += `.${sub}`;
  }
  const why = REASONS(reason);
  d.out += why === '' ? `/unkn(${reason})` : `/${reason === 4 ? 3 : reason}(${why})`;
  d.out += `: ${unknown(ACTIONS(action), action)} ${unknown(DIRECTIONS(direction), direction)} on `;
  sayPadded(d, 4, 16);
  d.out += ': ';
}

/** LINKTYPE_PFLOG: the rule that a packet met, and the packet. */
export function printPflog(d: Dissection, length: number): void {
  d.cutAs = 'pflog';
  d.linkHeaderLength = d.end;
  const size = d.u8(0);
  if (size < LEAST_PFLOG) {
    d.out += '[pflog: invalid header length!]';
    d.linkHeaderLength = size;
    return;
  }
  const header = (size + 3) & ~3;
  if (!d.has(0, Math.max(header, PFLOG))) {
    d.markTruncated();
    return;
  }
  d.linkHeaderLength = header;
  if (d.showsLink) sayRule(d);
  const family = d.u8(1);
  if (family === 2) d.next.ip4(d, header, length - header);
  else if (family === 24 || family === 28 || family === 30) d.next.ip6(d, header, length - header);
  else {
    if (!d.showsLink) sayRule(d);
    if (d.dumpUnknown) printHexAscii(d, header, d.end - header);
  }
}

const TRANSFERS = ['ISOCHRONOUS', 'INTERRUPT', 'CONTROL', 'BULK'];
const EVENTS: Readonly<Record<number, string>> = { 83: 'SUBMIT', 67: 'COMPLETE', 69: 'ERROR' };

/** LINKTYPE_USB_LINUX and LINKTYPE_USB_LINUX_MMAPPED: headers of 48 and 64 bytes. */
export const printUsb =
  (header: number) =>
  (d: Dissection): void => {
    d.cutAs = `usb_linux_${header}_byte`;
    d.linkHeaderLength = header;
    if (d.end < header) {
      d.markTruncated();
      return;
    }
    const transfer = TRANSFERS[d.u8(9)];
    const event = EVENTS[d.u8(8)];
    const asks = (event === 'SUBMIT') !== (transfer === 'INTERRUPT');
    const way = transfer === undefined || event === undefined ? '' : asks ? ' to' : ' from';
    d.out += `USB ${transfer ?? ' ?'} ${event ?? '?'}${way}`;
    d.out += ` ${d.u16le(12)}:${d.u8(11)}:${d.u8(10) & 0x7f}`;
  };

/** LINKTYPE_LOCALTALK. */
export function printLocalTalkLink(d: Dissection, length: number): void {
  d.linkHeaderLength = printLocalTalk(d, 0, length) || d.end;
}
