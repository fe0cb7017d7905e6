/**
 * ARP and its reverse and inverse forms (RFC 826, RFC 903, RFC 2390).
 */

import { ETHERTYPE } from '../../names/index.js';
import { octets } from '../frame/addresses.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { hex4 } from '../frame/text.js';
import { ETHERTYPE_NAMES } from '../tables/ethertypes.js';
import { printAtmArp } from './atmArp.js';
import { readQ922 } from './q922.js';

const HEADER = 8;
const ATM = 19;
const FRAME_RELAY = 15;

const HARDWARE_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'Ethernet'],
  [6, 'TokenRing'],
  [7, 'ArcNet'],
  [FRAME_RELAY, 'FrameRelay'],
  [19, 'ATM'],
  [23, 'Strip'],
  [24, 'IEEE 1394'],
  [32, 'InfiniBand'],
]);

const OPERATION_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'Request'],
  [2, 'Reply'],
  [3, 'Reverse Request'],
  [4, 'Reverse Reply'],
  [8, 'Inverse Request'],
  [9, 'Inverse Reply'],
  [10, 'NACK Reply'],
]);

export function printArp(d: Dissection, at: number, length: number, captured: number): void {
  d.cutAs = 'arp';
  d.need(at, HEADER);
  const hardware = d.u16(at);
  if (hardware === ATM) {
    printAtmArp(d, at, length, captured);
    return;
  }
  const hardwareLength = d.u8(at + 4);
  const protocolLength = d.u8(at + 5);
  const operation = d.u16(at + 6);
  const senderHardware = at + HEADER;
  const senderProtocol = senderHardware + hardwareLength;
  const targetHardware = senderProtocol + protocolLength;
  const targetProtocol = targetHardware + hardwareLength;
  d.need(targetProtocol, protocolLength);
  if (!d.showsLink) d.out += 'ARP, ';
  const usual = protocolLength === 4 && hardwareLength !== 0;
  const { ofIp, goesOn } = arpKind(d, at, `${protocolLength}`, usual, hardwareLength);
  if (!goesOn) {
    d.out += `, length ${length}`;
    return;
  }
  switch (operation) {
    case 1:
      d.out += `who-has ${protocolAddress(d, targetProtocol, ofIp, protocolLength)}`;
      if (!allZero(d, targetHardware, hardwareLength)) {
        d.out += ` (${hardwareAddress(d, targetHardware, hardware, hardwareLength)})`;
      }
      d.out += ` tell ${protocolAddress(d, senderProtocol, ofIp, protocolLength)}`;
      break;
    case 2:
      d.out += protocolAddress(d, senderProtocol, ofIp, protocolLength);
      d.out += ` is-at ${hardwareAddress(d, senderHardware, hardware, hardwareLength)}`;
      break;
    case 3:
    case 8:
      d.out += `who-is ${hardwareAddress(d, targetHardware, hardware, hardwareLength)}`;
      d.out += ` tell ${hardwareAddress(d, senderHardware, hardware, hardwareLength)}`;
      break;
    case 4:
      d.out += `${hardwareAddress(d, targetHardware, hardware, hardwareLength)} at `;
      d.out += protocolAddress(d, targetProtocol, ofIp, protocolLength);
      break;
    case 9:
      d.out += `${hardwareAddress(d, senderHardware, hardware, hardwareLength)} at `;
      d.out += protocolAddress(d, senderProtocol, ofIp, protocolLength);
      break;
    default:
      printHexAscii(d, at, captured);
      return;
  }
  d.out += `, length ${length}`;
}

export interface ArpWords {
  readonly ofIp: boolean;
  /** Whether the operation is told as well: with -v, and where it is about IPv4 addresses. */
  readonly goesOn: boolean;
}

/**
 * Appends the kinds of address, where they are not the usual ones or with -v, and the name of the operation.
 *
 * @param lengths - Of the protocol addresses, as tcpdump writes them.
 * @param hardwareLength - That of the hardware addresses, where there is one for both.
 */
export function arpKind(
  d: Dissection,
  at: number,
  lengths: string,
  usual: boolean,
  hardwareLength?: number,
): ArpWords {
  const [hardware, protocol, operation] = [d.u16(at), d.u16(at + 2), d.u16(at + 6)];
  const ofIp = protocol === ETHERTYPE.IP || protocol === ETHERTYPE.TRAIL;
  if (!ofIp || !usual || d.verbosity) {
    const hardwareName = HARDWARE_NAMES.get(hardware) ?? `Unknown Hardware (${hardware})`;
    const protocolName = ETHERTYPE_NAMES.get(protocol) ?? `Unknown Protocol (0x${hex4(protocol)})`;
    const ofHardware = hardwareLength === undefined ? '' : ` (len ${hardwareLength})`;
    d.out += `${hardwareName}${ofHardware}, ${protocolName} (len ${lengths})`;
    if (!d.verbosity) return { ofIp, goesOn: false };
  }
  d.out += `${d.verbosity ? ', ' : ''}${OPERATION_NAMES.get(operation) ?? `Unknown (${operation})`} `;
  return { ofIp, goesOn: true };
}

/** @param wrong - What is said of an address that is not of IPv4's length. */
export function protocolAddress(
  d: Dissection,
  at: number,
  ofIp: boolean,
  length: number,
  wrong = '<wrong len>',
): string {
  if (!ofIp) return '<wrong proto type>';
  return length === 4 ? d.ip4(at) : wrong;
}

function hardwareAddress(d: Dissection, at: number, hardware: number, length: number): string {
  if (length === 0) return '<empty>';
  if (hardware === FRAME_RELAY) {
    const address = readQ922(d, at, length);
    if (address === null) return '<Truncated>';
    return address === undefined ? '<Invalid DLCI>' : `DLCI ${address.dlci}`;
  }
  if (length === 6) return d.mac(at);
  d.need(at, length);
  return octets(d.data, at, length);
}

function allZero(d: Dissection, at: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (d.u8(at + i) !== 0) return false;
  return true;
}
