/**
 * Protocols of lines of text: HTTP (RFC 9112), SMTP, FTP, RTSP, SIP, whois, and the banner of SSH. Without
 * `-v` the first line is shown, with `-v` all of them; only where the first words look like the protocol.
 */

import type { Dissection } from '../frame/dissection.js';

interface LineProtocol {
  readonly name: string;
  /** Text in front of the name. */
  readonly lead: string;
  /** First words of requests, in capitals; `undefined` shows everything. */
  readonly commands?: ReadonlySet<string>;
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

const HTTP: LineProtocol = {
  name: 'http',
  lead: ': ',
  commands: words(`
    GET PUT COPY HEAD LOCK MOVE POLL POST BCOPY BMOVE MKCOL TRACE LABEL MERGE DELETE SEARCH UNLOCK REPORT UPDATE
    NOTIFY BDELETE CONNECT OPTIONS CHECKIN PROPFIND CHECKOUT CCM_POST SUBSCRIBE PROPPATCH BPROPFIND BPROPPATCH
    UNCHECKOUT MKACTIVITY MKWORKSPACE UNSUBSCRIBE RPC_CONNECT VERSION-CONTROL BASELINE-CONTROL`),
};

const RTSP: LineProtocol = {
  name: 'rtsp',
  lead: ': ',
  commands: words(`
    DESCRIBE ANNOUNCE GET_PARAMETER OPTIONS PAUSE PLAY RECORD REDIRECT SETUP SET_PARAMETER TEARDOWN`),
};

const SIP: LineProtocol = {
  name: 'sip',
  lead: '',
  commands: words(`
    ACK BYE CANCEL DO INFO INVITE MESSAGE NOTIFY OPTIONS PRACK QAUTH REFER REGISTER SPRACK SUBSCRIBE UPDATE
    PUBLISH`),
};

const SMTP: LineProtocol = { name: 'smtp', lead: ': ' };
const FTP: LineProtocol = { name: 'ftp', lead: ': ' };
const WHOIS: LineProtocol = { name: 'whois', lead: ': ' };

export function printHttp(d: Dissection, at: number, length: number): void {
  printLines(d, at, length, HTTP);
}

export function printRtsp(d: Dissection, at: number, length: number): void {
  printLines(d, at, length, RTSP);
}

export function printSip(d: Dissection, at: number, length: number): void {
  printLines(d, at, length, SIP);
}

export function printSmtp(d: Dissection, at: number, length: number): void {
  printLines(d, at, length, SMTP);
}

export function printFtp(d: Dissection, at: number, length: number): void {
  printLines(d, at, length, FTP);
}

export function printWhois(d: Dissection, at: number, length: number): void {
  printLines(d, at, length, WHOIS);
}

/** The identification that both sides of SSH begin with (RFC 4253 §4.2). */
export function printSsh(d: Dissection, at: number, length: number): void {
  d.cutAs = 'ssh';
  for (let i = 0; i < 4; i++) if (d.u8(at + i) !== 'SSH-'.charCodeAt(i)) return;
  for (let i = 4; i < length; i++) {
    const octet = d.u8(at + i);
    if (octet === LF || (octet === CR && i + 1 < length && d.u8(at + i + 1) === LF)) {
      d.out += `: SSH: ${ascii(d, at, i)}`;
      return;
    }
    if (octet < SPACE || octet > TILDE) return;
  }
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TILDE = 0x7e;

function printLines(d: Dissection, at: number, length: number, protocol: LineProtocol): void {
  d.cutAs = protocol.name;
  d.out += protocol.lead;
  const shown = protocol.commands === undefined || looksLike(d, at, length, protocol.commands);
  d.out += protocol.name.toUpperCase();
  if (!shown) return;
  if (!d.verbosity) {
    printLine(d, ': ', at, 0, length);
    return;
  }
  d.out += `, length: ${length}`;
  for (let index = 0; index < length; ) {
    const next = printLine(d, '\n\t', at, index, length);
    if (next === 0) return;
    index = next;
  }
}

/** Whether the text begins with a request's word, or has a response's three digits as second word. */
function looksLike(d: Dissection, at: number, length: number, commands: ReadonlySet<string>): boolean {
  const first = readWord(d, at, 0, length);
  if (first === undefined) return false;
  if (commands.has(first.text.toUpperCase())) return true;
  const second = readWord(d, at, first.next, length);
  return second !== undefined && /^[0-9]{3}$/.test(second.text);
}

/** Longest word that is looked at. */
const MOST_WORD = 128;

function readWord(
  d: Dissection,
  at: number,
  start: number,
  length: number,
): { readonly text: string; readonly next: number } | undefined {
  let index = start;
  for (; index < length; index++) {
    if (!d.has(at + index, 1)) return undefined;
    const octet = d.u8(at + index);
    if (octet === SPACE || octet === TAB || octet === CR || octet === LF) break;
    if (octet < SPACE || octet > TILDE || index - start >= MOST_WORD) return undefined;
  }
  if (index === start) return undefined;
  const text = ascii(d, at + start, index - start);
  while (index < length && d.has(at + index, 1) && d.u8(at + index) === SPACE) index++;
  return { text, next: index };
}

/** Prints one line; the index behind it, or 0 where it does not end or is not text. */
function printLine(d: Dissection, prefix: string, at: number, start: number, length: number): number {
  for (let index = start; index < length; index++) {
    const octet = d.u8(at + index);
    if (octet === LF) {
      d.out += prefix + ascii(d, at + start, index - start);
      return index + 1;
    }
    if (octet === CR) {
      if (index + 1 >= length || d.u8(at + index + 1) !== LF) return 0;
      d.out += prefix + ascii(d, at + start, index - start);
      return index + 2;
    }
    if (octet !== TAB && (octet < SPACE || octet > TILDE)) return 0;
  }
  d.out += prefix + ascii(d, at + start, length - start);
  d.markTruncated();
  return 0;
}

function ascii(d: Dissection, at: number, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += String.fromCharCode(d.u8(at + i));
  return text;
}
