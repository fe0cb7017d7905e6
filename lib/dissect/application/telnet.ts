/**
 * Telnet's negotiation (RFC 854 and the options of RFC 855 and later) at the start of a segment.
 */

import type { Dissection } from '../frame/dissection.js';

const FIRST_COMMAND = 236;
const SE = 240;
const SB = 250;
const WILL = 251;
const DONT = 254;
const IAC = 255;

// biome-ignore format: a table
const COMMANDS = [
  'EOF', 'SUSP', 'ABORT', 'EOR', 'SE', 'NOP', 'DMARK', 'BRK', 'IP', 'AO', 'AYT', 'EC', 'EL', 'GA', 'SB', 'WILL',
  'WONT', 'DO', 'DONT', 'IAC',
] as const;

// biome-ignore format: a table
const OPTIONS: readonly string[] = [
  'BINARY', 'ECHO', 'RCP', 'SUPPRESS GO AHEAD', 'NAME', 'STATUS', 'TIMING MARK', 'RCTE', 'NAOL', 'NAOP', 'NAOCRD',
  'NAOHTS', 'NAOHTD', 'NAOFFD', 'NAOVTS', 'NAOVTD', 'NAOLFD', 'EXTEND ASCII', 'LOGOUT', 'BYTE MACRO',
  'DATA ENTRY TERMINAL', 'SUPDUP', 'SUPDUP OUTPUT', 'SEND LOCATION', 'TERMINAL TYPE', 'END OF RECORD', 'TACACS UID',
  'OUTPUT MARKING', 'TTYLOC', '3270 REGIME', 'X.3 PAD', 'NAWS', 'TSPEED', 'LFLOW', 'LINEMODE', 'XDISPLOC',
  'OLD-ENVIRON', 'AUTHENTICATION', 'ENCRYPT', 'NEW-ENVIRON',
];
const AUTHENTICATION = 37;
const ENCRYPT = 38;

/** Names of the first bytes of a subnegotiation: for most options one byte, for two of them two. */
const QUALIFIERS: readonly (readonly string[])[] = [['IS', 'SEND', 'INFO']];

// biome-ignore format: a table
const AUTHENTICATION_QUALIFIERS: readonly (readonly string[])[] = [
  ['IS', 'SEND', 'REPLY', 'NAME'],
  [
    'NULL', 'KERBEROS_V4', 'KERBEROS_V5', 'SPX', 'MINK', 'SRP', 'RSA', 'SSL', '', '', 'LOKI', 'SSA', 'KEA_SJ',
    'KEA_SJ_INTEG', 'DSS', 'NTLM',
  ],
];

// biome-ignore format: a table
const ENCRYPT_QUALIFIERS: readonly (readonly string[])[] = [
  ['IS', 'SUPPORT', 'REPLY', 'START', 'END', 'REQUEST-START', 'REQUEST-END', 'END_KEYID', 'DEC_KEYID'],
  [
    'NULL', 'DES_CFB64', 'DES_OFB64', 'DES3_CFB64', 'DES3_OFB64', '', 'CAST5_40_CFB64', 'CAST5_40_OFB64',
    'CAST128_CFB64', 'CAST128_OFB64',
  ],
];

export function printTelnet(d: Dissection, at: number, length: number): void {
  d.cutAs = 'telnet';
  const end = at + length;
  let lead = ' [telnet ';
  for (let cursor = at; cursor < end && d.u8(cursor) === IAC; lead = ', ') {
    const command = readCommand(d, cursor, end);
    if (command === undefined) break;
    d.out += lead + command.text;
    cursor = command.next;
    if (cursor > end) d.need(cursor, 1); // the last command lacks its end
  }
  if (lead === ', ') d.out += ']';
}

interface Command {
  readonly text: string;
  readonly next: number;
}

/** `undefined` where the segment ends inside the command, or it is none. */
function readCommand(d: Dissection, at: number, end: number): Command | undefined {
  if (at + 2 > end) return undefined;
  const code = d.u8(at + 1);
  if (code === IAC) return { text: 'IAC IAC', next: at + 2 };
  const name = COMMANDS[code - FIRST_COMMAND];
  if (name === undefined) return undefined;
  if (code !== SB && (code < WILL || code > DONT)) return { text: name, next: at + 2 };
  if (at + 3 > end) return undefined;
  const option = d.u8(at + 2);
  const text = `${name} ${OPTIONS[option] ?? hex(option)}`;
  return code === SB ? readSubnegotiation(d, text, option, at + 3, end) : { text, next: at + 3 };
}

function readSubnegotiation(
  d: Dissection,
  lead: string,
  option: number,
  at: number,
  end: number,
): Command | undefined {
  let stop = at;
  while (end > stop + 1 && !(d.u8(stop) === IAC && d.u8(stop + 1) === SE)) stop++;
  if (d.u8(stop) !== IAC) return undefined;
  const names =
    option === AUTHENTICATION
      ? AUTHENTICATION_QUALIFIERS
      : option === ENCRYPT
        ? ENCRYPT_QUALIFIERS
        : QUALIFIERS;
  let text = lead;
  for (let i = at; i < stop; i++) {
    const octet = d.u8(i);
    text += ` ${names[i - at]?.[octet] || hex(octet)}`;
  }
  return { text: `${text} SE`, next: stop + 2 };
}

/** As `%#x` of printf(). */
function hex(octet: number): string {
  return octet === 0 ? '0' : `0x${octet.toString(16)}`;
}
