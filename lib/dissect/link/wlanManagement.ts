/** Management frames of IEEE 802.11: what stations and access points tell each other (IEEE 802.11-2016 §9.3.3). */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from '../frame/dissection.js';
import { visible } from '../frame/text.js';
import { REASONS, STATUSES } from './wlanCodes.js';

/** What the elements of a frame say, as far as it is printed. */
interface Elements {
  ssid: string | undefined;
  rates: string | undefined;
  channel: number | undefined;
  /** Whether the list ended where it should. */
  whole: boolean;
}

const SSID = 0;
const RATES = 1;
const CHANNEL = 3;
const MOST_SSID = 32;
const MOST_RATES = 16;
const PRIVACY = 0x10;

/** Reads elements of `length` bytes. Never throws. */
function elements(d: Dissection, at: number, length: number): Elements {
  const found: Elements = {
    ssid: undefined,
    rates: undefined,
    channel: undefined,
    whole: false,
  };
  let next = at;
  const end = at + length;
  while (next < end) {
    if (!d.has(next, 2) || next + 2 > end) return found;
    const kind = d.u8(next);
    const size = d.u8(next + 1);
    next += 2;
    if (kind === SSID && size > MOST_SSID) return found;
    if (kind === RATES && size > MOST_RATES) return found;
    if (!d.has(next, size) || next + size > end) return found;
    take(d, found, kind, next, size);
    next += size;
  }
  found.whole = true;
  return found;
}

function take(d: Dissection, found: Elements, kind: number, at: number, size: number): void {
  if (kind === SSID && found.ssid === undefined) {
    found.ssid = '';
    for (let i = 0; i < size && d.u8(at + i) !== 0; i++) found.ssid += visible(d.u8(at + i));
  } else if (kind === RATES && found.rates === undefined && size > 0) {
    found.rates = '';
    for (let i = 0; i < size; i++) {
      const rate = d.u8(at + i);
      found.rates += `${((rate & 0x7f) / 2).toFixed(1)}${rate & 0x80 ? '*' : ''} `;
    }
  } else if (kind === CHANNEL && size === 1) found.channel ??= d.u8(at);
}

const ssid = ({ ssid: name }: Elements): string => (name === undefined ? '' : ` (${name})`);
const rates = ({ rates: list }: Elements): string => (list === undefined ? '' : ` [${list}Mbit]`);
const channel = ({ channel: number }: Elements, capabilities: number): string =>
  `${number === undefined ? '' : ` CH: ${number}`}${capabilities & PRIVACY ? ', PRIVACY' : ''}`;

/** Prints the body of a frame, and its mark where it is cut. */
export function printManagement(
  d: Dissection,
  frame: number,
  at: number,
  length: number,
  subtype: number,
  isProtected: number,
): void {
  const row = BODIES[subtype];
  d.out += row?.name ?? `Unhandled Management subtype(${subtype.toString(16)})`;
  try {
    if (isProtected) printKey(d, at);
    else if (row?.print(d, at, length, frame) === false) throw TRUNCATED;
  } catch (error) {
    if (error !== TRUNCATED) throw error;
    d.markTruncated();
  }
}

/** Returns false where the body is cut; what could be read of it is printed. */
type Body = (d: Dissection, at: number, length: number, frame: number) => boolean;

/** Fixed fields of that many bytes stand before the elements. */
function need(d: Dissection, at: number, length: number, size: number): void {
  d.need(at, size);
  if (length < size) throw TRUNCATED;
}

const beacon: Body = (d, at, length) => {
  need(d, at, length, 12);
  const capabilities = d.u16le(at + 10);
  const found = elements(d, at + 12, length - 12);
  d.out += `${ssid(found)}${rates(found)} ${capabilities & 1 ? 'ESS' : 'IBSS'}${channel(found, capabilities)}`;
  return found.whole;
};

const probeResponse: Body = (d, at, length) => {
  need(d, at, length, 12);
  const found = elements(d, at + 12, length - 12);
  d.out += `${ssid(found)}${rates(found)}${channel(found, d.u16le(at + 10))}`;
  return found.whole;
};

const probeRequest: Body = (d, at, length) => {
  const found = elements(d, at, length);
  d.out += `${ssid(found)}${rates(found)}`;
  return found.whole;
};

const associate: Body = (d, at, length) => {
  need(d, at, length, 4);
  const found = elements(d, at + 4, length - 4);
  d.out += `${ssid(found)}${rates(found)}`;
  return found.whole;
};

const reassociate: Body = (d, at, length) => {
  need(d, at, length, 10);
  const found = elements(d, at + 10, length - 10);
  d.out += `${ssid(found)} AP : ${d.mac(at + 4)}`;
  return found.whole;
};

const associated: Body = (d, at, length) => {
  need(d, at, length, 6);
  const found = elements(d, at + 6, length - 6);
  const id = (d.u16le(at + 4) & 0x3fff).toString(16);
  const secret = d.u16le(at) & PRIVACY ? ' PRIVACY ' : '';
  d.out += ` AID(${id}) :${secret}: ${STATUSES[d.u16le(at + 2)] ?? 'n/a'}`;
  return found.whole;
};

const reason = (d: Dissection, at: number): string => REASONS[d.u16le(at)] ?? 'Reserved';

const leave: Body = (d, at, length) => {
  need(d, at, length, 2);
  d.out += `: ${reason(d, at)}`;
  return true;
};

const sender = (d: Dissection, frame: number): string => (d.showsLink ? '' : ` (${d.mac(frame + 10)})`);

const deauthenticate: Body = (d, at, length, frame) => {
  need(d, at, length, 2);
  d.out += `${sender(d, frame)}: ${reason(d, at)}`;
  return true;
};

const SHARED_KEY = 1;
const authenticate: Body = (d, at, length) => {
  need(d, at, length, 6);
  const algorithm = d.u16le(at);
  const step = d.u16le(at + 2);
  const found = elements(d, at + 6, length - 6);
  const name = ['Open System', 'Shared Key', 'EAP'][algorithm] ?? 'Reserved';
  const status = step % 2 ? (STATUSES[d.u16le(at + 4)] ?? 'n/a') : '';
  const challenged = algorithm === SHARED_KEY && (step === 2 || step === 3);
  d.out += ` (${name})-${step.toString(16)}${challenged ? ' [Challenge Text]' : ':'} ${status}`;
  return found.whole;
};

const CATEGORIES: Readonly<Record<number, string>> = {
  0: 'Spectrum Management',
  1: 'QoS',
  2: 'DLS',
  3: 'BA',
  7: 'HT',
  13: 'MeshAction',
  14: 'MultiohopAction',
  15: 'SelfprotectAction',
  127: 'Vendor',
};
// biome-ignore format: a table
const ACTIONS: Readonly<Record<number, readonly string[]>> = {
  3: ['ADDBA Request', 'ADDBA Response', 'DELBA'],
  7: ['TxChWidth', 'MIMOPwrSave'],
  13: ['MeshLink', 'HWMP', 'Gate Announcement', 'Congestion Control', 'MCCA Setup Request', 'MCCA Setup Reply', 'MCCA Advertisement Request', 'MCCA Advertisement', 'MCCA Teardown', 'TBTT Adjustment Request', 'TBTT Adjustment Response'],
  14: ['Proxy Update', 'Proxy Update Confirmation'],
  15: ['', 'Peering Open', 'Peering Confirm', 'Peering Close', 'Group Key Inform', 'Group Key Acknowledge'],
};

const act: Body = (d, at, length, frame) => {
  need(d, at, length, 2);
  const category = d.u8(at);
  const action = d.u8(at + 1);
  d.out += `${sender(d, frame)}: ${CATEGORIES[category] ?? `Reserved(${category})`} `;
  d.out += ACTIONS[category]?.[action] || `Act#${action}`;
  return true;
};

const BODIES: Readonly<Record<number, { readonly name: string; readonly print: Body }>> = {
  0: { name: 'Assoc Request', print: associate },
  1: { name: 'Assoc Response', print: associated },
  2: { name: 'ReAssoc Request', print: reassociate },
  3: { name: 'ReAssoc Response', print: associated },
  4: { name: 'Probe Request', print: probeRequest },
  5: { name: 'Probe Response', print: probeResponse },
  8: { name: 'Beacon', print: beacon },
  9: { name: 'ATIM', print: () => true },
  10: { name: 'Disassociation', print: leave },
  11: { name: 'Authentication', print: authenticate },
  12: { name: 'DeAuthentication', print: deauthenticate },
  13: { name: 'Action', print: act },
};

/** The head of an encrypted body. @throws TRUNCATED where it is cut. */
export function printKey(d: Dissection, at: number): void {
  const word = d.u32le(at);
  const iv = (word & 0xff_ffff).toString(16).padStart(3);
  d.out += ` IV:${iv} Pad ${((word >>> 24) & 0x3f).toString(16)} KeyID ${word >>> 30}`;
}
