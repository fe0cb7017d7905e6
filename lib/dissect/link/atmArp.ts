/**
 * ARP over ATM (RFC 2225, section 8.7): each end has a number and a subaddress, and lengths of their own.
 *
 *      0     2     4    5    6     8    9    10   11
 *     +-----+-----+----+----+-----+----+----+----+----+ - - - - - - - - - - - - - - - - - - - - - -
 *     | 19  | pro |shtl|sstl| op  |spln|thtl|tstl|tpln| sender's three addresses, then the target's
 *     +-----+-----+----+----+-----+----+----+----+----+ - - - - - - - - - - - - - - - - - - - - - -
 */

import { octets } from '../frame/addresses.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { type ArpWords, arpKind, protocolAddress } from './arp.js';

const HEADER = 12;
/** The two upper bits of a length say how the number is written. */
const LENGTH = 0x3f;

export function printAtmArp(d: Dissection, at: number, length: number, captured: number): void {
  d.need(at, HEADER);
  const operation = d.u16(at + 6);
  const [senderNumber, senderSub, senderProtocol, targetNumber, targetSub, targetProtocol] = [
    4, 5, 8, 9, 10, 11,
  ].map((field) => d.u8(at + field) & (field === 8 || field === 11 ? 0xff : LENGTH)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const sender = at + HEADER;
  const senderAddress = sender + senderNumber + senderSub;
  const target = senderAddress + senderProtocol;
  const targetAddress = target + targetNumber + targetSub;
  d.need(targetAddress, targetProtocol);
  if (!d.showsLink) d.out += 'ARP, ';
  const words: ArpWords = arpKind(
    d,
    at,
    `${senderProtocol}/${targetProtocol}`,
    senderProtocol === 4 && targetProtocol === 4,
  );
  if (!words.goesOn) {
    d.out += `, length ${length}`;
    return;
  }
  const senderText = () => atmAddress(d, sender, senderNumber, senderSub);
  const targetText = () => atmAddress(d, target, targetNumber, targetSub);
  const senderIp = () => protocolAddress(d, senderAddress, words.ofIp, senderProtocol, '<wrong splen>');
  switch (operation) {
    case 1:
      d.out += `who-has ${protocolAddress(d, targetAddress, words.ofIp, targetProtocol, '<wrong tplen>')}`;
      if (targetNumber !== 0) d.out += ` (${targetText()})`;
      d.out += ` tell ${senderIp()}`;
      break;
    case 2:
      d.out += `${senderIp()} is-at ${senderText()}`;
      break;
    case 8:
      d.out += `who-is ${targetText()} tell ${senderText()}`;
      break;
    case 9:
      d.out += `${senderText()}at ${senderIp()}`;
      break;
    case 10:
      d.out += `for ${senderIp()}`;
      break;
    default:
      printHexAscii(d, at, captured);
      return;
  }
  d.out += `, length ${length}`;
}

function atmAddress(d: Dissection, at: number, number: number, subaddress: number): string {
  if (number === 0) return '<No address>';
  const text = octets(d.data, at, number);
  return subaddress === 0 ? text : `${text},${octets(d.data, at + number, subaddress)}`;
}
