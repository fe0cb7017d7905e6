/** Point-to-point tunneling's control connection (RFC 2637). */

import type { Dissection } from '../frame/dissection.js';
import { u16, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';
import { hex8, sayPadded } from '../frame/text.js';

export const PPTP = layout('pptp', {
  length: u16(0),
  type: u16(2),
  magic_cookie: u32(4, 'hex'),
  control_message_type: u16(8),
});

const COOKIE = 0x1a2b3c4d;
const TYPES =
  'NOT_DEFINED SCCRQ SCCRP StopCCRQ StopCCRP ECHORQ ECHORP OCRQ OCRP ICRQ ICRP ICCN CCRQ CDN WEN SLI'.split(
    ' ',
  );

/**
 * What each type holds: `NAME:2` a number of two bytes, `:x4` one in hex, `:s64` a text, `:p64` one that is as long as the
 * last length (`:n2`) of its kind said; `r2` must be zero; single letters stand in {@link SPECIAL}.
 */
const FORMS = [
  '',
  'V r2 F B MAX_CHAN:2 FIRM_REV:2 HOSTNAME:s64 VENDOR:s64',
  'V R E F B MAX_CHAN:2 FIRM_REV:2 HOSTNAME:s64 VENDOR:s64',
  'S r1 r2',
  'R E r2',
  'ID:4',
  'ID:4 R E r2',
  'CALL_ID:2 CALL_SER_NUM:2 MIN_BPS:4 MAX_BPS:4 T G RECV_WIN:2 PROC_DELAY:2 PHONE_NO_LEN:n2 r2 PHONE_NO:p64 SUB_ADDR:s64',
  'CALL_ID:2 PEER_CALL_ID:2 R E CAUSE_CODE:2 CONN_SPEED:4 RECV_WIN:2 PROC_DELAY:2 PHY_CHAN_ID:4',
  'CALL_ID:2 CALL_SER_NUM:2 T PHY_CHAN_ID:4 DIALED_NO_LEN:n2 DIALING_NO_LEN:n2 DIALED_NO:p64 DIALING_NO:p64 SUB_ADDR:s64',
  'CALL_ID:2 PEER_CALL_ID:2 R E RECV_WIN:2 PROC_DELAY:2 r2',
  'PEER_CALL_ID:2 r2 CONN_SPEED:4 RECV_WIN:2 PROC_DELAY:2 G',
  'CALL_ID:2 r2',
  'CALL_ID:2 R E CAUSE_CODE:2 r2 CALL_STATS:s128',
  'PEER_CALL_ID:2 r2 CRC_ERR:4 FRAMING_ERR:4 HARDWARE_OVERRUN:4 BUFFER_OVERRUN:4 TIMEOUT_ERR:4 ALIGN_ERR:4',
  'PEER_CALL_ID:2 r2 SEND_ACCM:x4 RECV_ACCM:x4',
];

const ERRORS = names('None|Not-Connected|Bad-Format|Bad-Value|No-Resource|Bad-Call-ID|PAC-Error', '?');
const ECHOES = names('1 OK|General Error', '?');
const RESULTS: Readonly<Record<number, (code: number) => string>> = {
  2: names(
    '1 Successful channel establishment|General error|Command channel already exists|Requester is not authorized to establish a command channel|The protocol version of the requester is not supported',
    '?',
  ),
  4: ECHOES,
  6: ECHOES,
  8: names('1 Connected|General Error|No Carrier|Busy|No Dial Tone|Time-out|Do Not Accept', '?'),
  10: names('1 Connect|General Error|Do Not Accept', '?'),
  13: names('1 Lost Carrier|General Error|Admin Shutdown|Request', '?'),
};
const REASONS = names('1 None|Stop-Protocol|Stop-Local-Shutdown', '?');
const BEARERS = names('1 A|D|Any', '?');
const FRAMINGS = names('1 A|S|E', '?');

type Special = readonly [size: number, say: (d: Dissection, at: number, type: number) => string];
const explained = (d: Dissection, title: string, code: number, of: string): string =>
  `${title}(${code}${d.verbosity ? `:${of}` : ''})`;
const SPECIAL: Readonly<Record<string, Special>> = {
  V: [2, (d, at) => `PROTO_VER(${d.u8(at)}.${d.u8(at + 1)})`],
  F: [4, (d, at) => `${d.u32(at) & 1 ? 'A' : ''}${d.u32(at) & 2 ? 'S' : ''})`],
  B: [4, (d, at) => `BEARER_CAP(${d.u32(at) & 2 ? 'D' : ''}${d.u32(at) & 1 ? 'A' : ''})`],
  T: [4, (d, at) => `BEARER_TYPE(${BEARERS(d.u32(at))})`],
  G: [4, (d, at) => `FRAME_TYPE(${FRAMINGS(d.u32(at))})`],
  R: [1, (d, at, type) => explained(d, 'RESULT_CODE', d.u8(at), RESULTS[type]!(d.u8(at)))],
  E: [1, (d, at) => explained(d, 'ERR_CODE', d.u8(at), ERRORS(d.u8(at)))],
  S: [1, (d, at) => explained(d, 'REASON', d.u8(at), REASONS(d.u8(at)))],
};

function sayForm(d: Dissection, type: number, start: number): void {
  const lengths: number[] = [];
  let at = start;
  for (const part of FORMS[type]!.split(' ')) {
    const special = SPECIAL[part];
    if (special !== undefined) {
      if (part === 'F') d.out += ' FRAME_CAP(';
      const text = special[1](d, at, type);
      d.out += part === 'F' ? text : ` ${text}`;
      at += special[0];
      continue;
    }
    const [, name, kind, digits] = /^(?:(\w+):)?([a-z]?)(\d+)$/.exec(part)!;
    const size = Number(digits);
    if (kind === 's' || kind === 'p') {
      d.out += ` ${name}(`;
      sayPadded(d, at, kind === 's' ? size : Math.min(size, lengths.shift()!));
      d.out += ')';
    } else if (kind === 'r') {
      const value = size === 1 ? d.u8(at) : d.u16(at);
      if (value !== 0) d.out += ` [ERROR: reserved=${value} must be zero]`;
    } else {
      const value = size === 2 ? d.u16(at) : d.u32(at);
      if (kind === 'n') lengths.push(value);
      d.out += ` ${name}(${kind === 'x' ? `0x${hex8(value)}` : value})`;
    }
    at += size;
  }
}

export function printPptp(d: Dissection, at: number): void {
  d.cutAs = 'pptp';
  d.out += ': pptp';
  if (d.verbosity) {
    d.out += ` Length=${d.u16(at)}`;
    const kind = d.u16(at + 2);
    d.out += kind === 1 ? ' CTRL-MSG' : kind === 2 ? ' MGMT-MSG' : ' UNKNOWN-MSG-TYPE';
  }
  const cookie = d.u32(at + 4);
  if (cookie !== COOKIE) d.out += ` UNEXPECTED Magic-Cookie!!(${hex8(cookie)})`;
  if (d.verbosity || cookie !== COOKIE) d.out += ` Magic-Cookie=${hex8(cookie)}`;
  const type = d.u16(at + 8);
  const known = type < TYPES.length;
  d.out += known ? ` CTRL_MSGTYPE=${TYPES[type]}` : ` UNKNOWN_CTRL_MSGTYPE(${type})`;
  const reserved = d.u16(at + 10);
  if (reserved !== 0) d.out += ` [ERROR: reserved=${reserved} must be zero]`;
  if (known && FORMS[type] !== '') sayForm(d, type, at + 12);
}
