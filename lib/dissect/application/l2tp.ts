/** Layer two tunneling, version 2 (RFC 2661): attributes of control messages, PPP in the others. */

import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { bits, flag, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';
import { hex2, hex4, hex8, visible } from '../frame/text.js';
import type { View } from '../frame/view.js';
import { printPpp } from '../link/ppp.js';

const LENGTH = 0x4000;
const SEQUENCE = 0x0800;
const OFFSET = 0x0200;
const behindLength = (p: View): number => (p.u16(0) & LENGTH ? 4 : 2);
const hasSequence = (p: View): boolean => (p.u16(0) & SEQUENCE) !== 0;
export const L2TP = layout('l2tp', {
  type: bits(0, 0x80),
  length_bit: flag(0, 0x40),
  seq_bit: flag(0, 0x08),
  offset_bit: flag(0, 0x02),
  priority: flag(0, 0x01),
  version: bits(1, 0x0f),
  length: u16(2).when((p) => (p.u16(0) & LENGTH) !== 0),
  tunnel: u16(behindLength),
  session: u16((p) => behindLength(p) + 2),
  Ns: u16((p) => behindLength(p) + 4).when(hasSequence),
  Nr: u16((p) => behindLength(p) + 6).when(hasSequence),
});

const MESSAGES = names(
  '1 SCCRQ|SCCRP|SCCCN|StopCCN|6 HELLO|OCRQ|OCRP|OCCN|ICRQ|ICRP|ICCN|14 CDN|WEN|SLI',
  '',
);
const ATTRIBUTES = names(
  'MSGTYPE|RESULT_CODE|PROTO_VER|FRAMING_CAP|BEARER_CAP|TIE_BREAKER|FIRM_VER|HOST_NAME|VENDOR_NAME|ASSND_TUN_ID|RECV_WIN_SIZE|CHALLENGE|Q931_CC|CHALLENGE_RESP|ASSND_SESS_ID|CALL_SER_NUM|MINIMUM_BPS|MAXIMUM_BPS|BEARER_TYPE|FRAMING_TYPE|PACKET_PROC_DELAY|CALLED_NUMBER|CALLING_NUMBER|SUB_ADDRESS|TX_CONN_SPEED|PHY_CHANNEL_ID|INI_RECV_LCP|LAST_SENT_LCP|LAST_RECV_LCP|PROXY_AUTH_TYPE|PROXY_AUTH_NAME|PROXY_AUTH_CHAL|PROXY_AUTH_ID|PROXY_AUTH_RESP|CALL_ERRORS|ACCM|RANDOM_VECTOR|PRIVATE_GRP_ID|RX_CONN_SPEED|SEQ_REQUIRED|46 PPP_DISCON_CC',
  '',
);
const AUTHENTICATIONS = names('Reserved|Textual|CHAP|PAP|No Auth|MS-CHAPv1', '');
const DIRECTIONS = names('global error|at peer|at local', '');

const SHORT = 'AVP too short';

function chars(d: Dissection, at: number, size: number): string {
  let text = '';
  for (let i = 0; i < size; i++) text += visible(d.u8(at + i));
  return text;
}
function octets(d: Dissection, at: number, size: number): string {
  let text = '';
  for (let i = 0; i < size; i++) text += hex2(d.u8(at + i));
  return text;
}

type Say = (d: Dissection, at: number, size: number) => string;
/** Nothing of a value shorter than `least` is said. */
const from =
  (least: number, say: Say): Say =>
  (d, at, size) =>
    size < least ? SHORT : say(d, at, size);

const number2 = from(2, (d, at) => `${d.u16(at)}`);
const number4 = from(4, (d, at) => `${d.u32(at)}`);
const letters = (one: string): Say =>
  from(4, (d, at) => `${d.u32(at) & 2 ? 'A' : ''}${d.u32(at) & 1 ? one : ''}`);
const framing = letters('S');
const behind = (d: Dissection, at: number, size: number): string =>
  size > 0 ? ` ${chars(d, at, size)}` : '';

const sayResult = from(2, (d, at, size) => {
  if (size === 2) return `${d.u16(at)}`;
  if (size < 4) return `${d.u16(at)} ${SHORT}`;
  return `${d.u16(at)}/${d.u16(at + 2)}${behind(d, at + 4, size - 4)}`;
});

/** Values of four bytes behind two reserved ones. */
const series = (...titles: string[]): Say =>
  from(2, (d, at, size) => {
    let text = '';
    for (const [i, title] of titles.entries()) {
      if (size - 2 < 4 * (i + 1)) return text + SHORT;
      const value = d.u32(at + 2 + 4 * i);
      text += `${title}=${title.length === 4 ? hex8(value) : value} `;
    }
    return text;
  });

const VALUES: Readonly<Record<number, Say>> = {
  0: from(2, (d, at) => MESSAGES(d.u16(at)) || `MSGTYPE-#${d.u16(at)}`),
  1: sayResult,
  2: from(2, (d, at) => `${d.u8(at)}.${d.u8(at + 1)}`),
  3: framing,
  4: letters('D'),
  5: from(8, (d, at) => octets(d, at, 8)),
  12: from(3, (d, at, size) => `${d.u16(at)}, ${hex2(d.u8(at + 2))}${behind(d, at + 3, size - 3)}`),
  13: from(16, (d, at) => octets(d, at, 16)),
  18: letters('D'),
  19: framing,
  20: () => 'obsolete',
  29: from(2, (d, at) => AUTHENTICATIONS(d.u16(at)) || `AuthType-#${d.u16(at)}`),
  32: from(2, (d, at) => `${d.u8(at + 1)}`),
  34: series('CRCErr', 'FrameErr', 'HardOver', 'BufOver', 'Timeout', 'AlignErr'),
  35: series('send', 'recv'),
  46: from(5, (d, at, size) => {
    const direction = d.u8(at + 4);
    return `${hex4(d.u16(at))}, ${hex4(d.u16(at + 2))} ${DIRECTIONS(direction) || `Direction-#${direction}`}${behind(d, at + 5, size - 5)}`;
  }),
};
for (const type of [6, 9, 10, 14]) (VALUES as Record<number, Say>)[type] = number2;
for (const type of [15, 16, 17, 24, 25, 38]) (VALUES as Record<number, Say>)[type] = number4;
for (const type of [7, 8, 21, 22, 23, 30, 37]) (VALUES as Record<number, Say>)[type] = chars;
for (const type of [11, 26, 27, 28, 31, 33, 36]) (VALUES as Record<number, Say>)[type] = octets;

function printAttribute(d: Dissection, at: number, left: number): number {
  d.out += ' ';
  const head = d.u16(at);
  const size = head & 0x3ff;
  if (size < 6 || size > left) throw ENDS_EARLY;
  ask(d, at, size);
  if (head & 0x8000) d.out += '*';
  const hidden = (head & 0x4000) !== 0;
  if (hidden) d.out += '?';
  const [vendor, type] = [d.u16(at + 2), d.u16(at + 4)];
  if (vendor !== 0) {
    d.out += `VENDOR${hex4(vendor)}:ATTR${hex4(type)}(${octets(d, at + 6, size - 6)})`;
    return size;
  }
  d.out += `${ATTRIBUTES(type) || `AVP-#${type}`}(`;
  d.out += hidden ? '???' : (VALUES[type]?.(d, at + 6, size - 6) ?? '');
  d.out += ')';
  return size;
}

export function printL2tp(d: Dissection, start: number, length: number): void {
  d.cutAs = 'l2tp';
  const head = d.u16(start);
  const version = head & 15;
  if (version !== 2) {
    d.out += version === 1 ? ' l2f:' : ' Unknown Version, neither L2F(1) nor L2TP(2)';
    return;
  }
  const said = (
    [
      [0x8000, 'T'],
      [LENGTH, 'L'],
      [SEQUENCE, 'S'],
      [OFFSET, 'O'],
      [0x100, 'P'],
    ] as const
  )
    .filter(([bit]) => head & bit)
    .map(([, letter]) => letter);
  d.out += ` l2tp:[${said.join('')}]`;
  let at = start + 2;
  const announced = head & LENGTH ? d.u16(at) : 0;
  if (head & LENGTH) at += 2;
  d.out += `(${d.u16(at)}/`;
  d.out += `${d.u16(at + 2)})`;
  at += 4;
  if (head & SEQUENCE) {
    d.out += `Ns=${d.u16(at)},`;
    d.out += `Nr=${d.u16(at + 2)}`;
    at += 4;
  }
  untilCut(d, () => {
    if (head & OFFSET) {
      const pad = d.u16(at);
      ask(d, at + 2, pad);
      at += 2 + pad;
    }
    if (head & LENGTH && length < announced) {
      d.out += ` Length ${announced} larger than packet`;
      return;
    }
    const end = start + (head & LENGTH ? announced : length);
    if (end < at) {
      d.out += ` Length ${end - start} smaller than header length`;
      return;
    }
    if (!(head & 0x8000)) {
      d.out += ' {';
      printPpp(d, at, end - at);
      d.out += '}';
    } else if (!(head & LENGTH)) d.out += ' No length';
    else if (at === end) d.out += ' ZLB';
    else while (at !== end) at += printAttribute(d, at, end - at);
  });
}
