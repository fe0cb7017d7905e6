/** NFS, versions 2 and 3 (RFC 1094, 1813), over Sun RPC (RFC 5531): replies are read by the calls they answer. */

import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';
import { filled, visibleText } from '../frame/text.js';
import type { View } from '../frame/view.js';
import { sayHandle } from './nfsHandles.js';
import { type Attributes, printReply } from './nfsReplies.js';

const isCall = (p: View): boolean => p.u32(4) === 0;
export const RPC = layout('rpc', {
  xid: u32(0, 'hex'),
  msgtyp: u32(4),
  version: u32(8).when(isCall),
  program: u32(12).when(isCall),
  programversion: u32(16).when(isCall),
  procedure: u32(20).when(isCall),
  replystat: u32(8).when((p) => p.u32(4) === 1),
});

const PORT = 2049;
export const PROCEDURES = names(
  '25 nop|0 null|getattr|setattr|lookup|access|readlink|read|write|create|mkdir|symlink|mknod|remove|rmdir|rename|link|readdir|readdirplus|fsstat|fsinfo|pathconf|commit',
  '',
);
const MODES = names('unstable|datasync|filesync');
const TYPES = names('NON|REG|DIR|BLK|CHR|LNK|7 FIFO', '');
const REFUSALS = names(
  'OK|Bogus Credentials (seal broken)|Rejected Credentials (client should begin new session)|Bogus Verifier (seal broken)|Verifier expired or was replayed|Credentials are too weak|Bogus response verifier|Unknown failure',
  '',
);
const FAILURES = names('1 PROG_UNAVAIL|PROG_MISMATCH|PROC_UNAVAIL|GARBAGE_ARGS|SYSTEM_ERR', '');
/** What version 2 calls by other numbers. */
const VERSION_2 = [0, 1, 2, 25, 3, 5, 6, 25, 7, 8, 12, 14, 15, 10, 9, 13, 16, 18];
const procedureOf = (number: number, version: number): number =>
  version !== 3 && number < 26 ? (VERSION_2[number] ?? 25) : number;

interface Call {
  readonly xid: number;
  readonly addresses: string;
  readonly procedure: number;
  readonly version: number;
}
const MOST = 64;
interface Calls {
  readonly ring: (Call | undefined)[];
  next: number;
  hint: number;
}
const CALLS = new WeakMap<Dissection, Calls>();

function callsOf(d: Dissection): Calls {
  let calls = CALLS.get(d);
  if (calls === undefined) CALLS.set(d, (calls = { ring: new Array(MOST), next: 0, hint: 0 }));
  return calls;
}

/** Who asks whom. */
function addressesOf(d: Dissection, ip: number, answer: boolean): string {
  const v6 = d.u8(ip) >> 4 === 6;
  const [at, size] = v6 ? [ip + 8, 16] : [ip + 12, 4];
  const [source, destination] = [d.data.slice(at, at + size), d.data.slice(at + size, at + 2 * size)];
  return answer ? `${destination}>${source}` : `${source}>${destination}`;
}

/** A cursor over the words of a message. */
export class Words {
  readonly d: Dissection;
  readonly v3: boolean;
  at: number;

  constructor(d: Dissection, at: number, v3: boolean) {
    this.d = d;
    this.at = at;
    this.v3 = v3;
  }

  next(): number {
    this.at += 4;
    return this.d.u32(this.at - 4);
  }

  handle(v3 = this.v3): void {
    const size = v3 ? this.next() >>> 2 : 8;
    ask(this.d, this.at, size * 4);
    sayHandle(this.d, this.at, size);
    this.at += size * 4;
  }

  name(): void {
    const size = this.next();
    if (size > 0xffff_fffc) {
      this.d.out += '[cannot pad to 32-bit boundaries]';
      this.d.markInvalid();
      throw ENDS_EARLY;
    }
    const padded = Math.ceil(size / 4) * 4;
    ask(this.d, this.at, padded);
    this.d.out += `"${visibleText(this.d, this.at, size)}"`;
    this.at += padded;
  }

  handleAndName(): void {
    this.handle();
    this.d.out += ' ';
    this.name();
  }

  say(pattern: string, place = 0): void {
    this.d.out += filled(this.d, this.at + place, pattern);
  }
}

/** Passes over credentials and verifier. */
function toArguments(d: Dissection, start: number): number {
  let at = start + 24;
  for (let i = 0; i < 2; i++) {
    const size = d.u32(at + 4);
    at += Math.floor((size + 11) / 4) * 4;
  }
  ask(d, at, 0);
  return at;
}

const ACCESS = ['READ', 'LOOKUP', 'MODIFY', 'EXTEND', 'DELETE', 'EXECUTE'];

function sayAccess(d: Dissection, flags: number): void {
  if (flags > 0x3f) d.out += ` ${flags.toString(16).padStart(4, '0')}`;
  else if (flags === 0x3f) d.out += ' NFS_ACCESS_FULL';
  else if (flags !== 0) {
    d.out += ` ${ACCESS.filter((_, i) => (flags >> i) & 1)
      .map((name) => `NFS_ACCESS_${name}`)
      .join('|')}`;
  }
}

/** The attributes to be set; what is said of them is said later. */
function setAttributes(w: Words, verbose: number): string {
  let text = '';
  const optional = (name: string, base: number): void => {
    if (w.next() === 0) return;
    const value = w.next();
    if (name !== '') text += ` ${name} ${value.toString(base)}`;
  };
  optional('mode', 8);
  optional('uid', 10);
  optional('gid', 10);
  optional('', 10);
  for (const name of ['atime', 'mtime']) {
    if (w.next() !== 2) continue;
    const time = `${w.next()}.${`${w.next()}`.padStart(6, '0')}`;
    if (verbose > 1) text += ` ${name} ${time}`;
  }
  return text;
}

const writeMode = (mode: number): string => MODES(mode, `#${mode | 0}`);

function printArguments(w: Words, procedure: number): void {
  const { d, v3 } = w;
  const verbose = d.verbosity;
  if ([1, 2, 5, 18, 19, 20].includes(procedure)) w.handle();
  else if ([3, 8, 9, 12, 13].includes(procedure)) w.handleAndName();
  else if (procedure === 4) {
    w.handle();
    sayAccess(d, w.next());
  } else if (procedure === 6 || procedure === 21) {
    w.handle();
    const at = w.at;
    if (v3 || procedure === 21) d.out += ` ${d.u32(at + 8)} bytes @ ${d.u64(at)}`;
    else d.out += ` ${d.u32(at + 4)} bytes @ ${d.u32(at)}`;
  } else if (procedure === 7) {
    w.handle();
    const at = w.at;
    if (!v3) {
      d.out += ` ${d.u32(at + 12)} (${d.u32(at + 8)}) bytes @ ${d.u32(at + 4)} (${d.u32(at)})`;
      return;
    }
    d.out += ` ${d.u32(at + 16)} (${d.u32(at + 8)}) bytes @ ${d.u64(at)}`;
    if (verbose) d.out += ` <${writeMode(d.u32(at + 12))}>`;
  } else if (procedure === 10) {
    w.handleAndName();
    d.out += ' ->';
    const attributes = v3 ? setAttributes(w, verbose) : '';
    w.name();
    if (verbose) d.out += attributes;
  } else if (procedure === 11) {
    w.handleAndName();
    const type = w.next();
    const attributes = setAttributes(w, verbose);
    d.out += ` ${TYPES(type) || `unk-ft ${type}`}`;
    if (verbose && (type === 3 || type === 4)) w.say(' %4/%4');
    if (verbose) d.out += attributes;
  } else if (procedure === 14 || procedure === 15) {
    if (procedure === 14) w.handleAndName();
    else w.handle();
    d.out += ' ->';
    w.handleAndName();
  } else if (procedure === 16 || procedure === 17) {
    w.handle();
    const at = w.at;
    if (!v3 && procedure === 16) {
      d.out += ` ${d.u32(at + 4)} bytes @ ${d.u32(at)}`;
      return;
    }
    d.out += ` ${d.u32(at + 16)} bytes @ ${BigInt.asIntN(64, BigInt(d.u64(at)))}`;
    if (verbose) {
      if (procedure === 17) d.out += ` max ${d.u32(at + 20)}`;
      w.say(' verf %x8', 8);
    }
  }
}

function printCall(d: Dissection, at: number, length: number, ip: number): void {
  d.cutAs = 'nfs';
  d.out += `${length}`;
  untilCut(d, () => {
    ask(d, at + 20, 4);
    const [version, number] = [d.u32(at + 16), d.u32(at + 20)];
    const calls = callsOf(d);
    calls.ring[calls.next] = {
      xid: d.u32(at),
      addresses: addressesOf(d, ip, false),
      procedure: number,
      version,
    };
    calls.next = (calls.next + 1) % MOST;
    const procedure = procedureOf(number, version);
    d.out += ` ${PROCEDURES(procedure) || `proc-${procedure}`}`;
    if (procedure > 0 && procedure < 22) {
      printArguments(new Words(d, toArguments(d, at), version === 3), procedure);
    }
  });
}

function callOf(d: Dissection, xid: number, ip: number): Call | undefined {
  const calls = callsOf(d);
  const addresses = addressesOf(d, ip, true);
  for (let n = 0; n < MOST; n++) {
    const i = (calls.hint + n) % MOST;
    const call = calls.ring[i];
    if (call?.xid !== xid || call.addresses !== addresses) continue;
    calls.hint = i;
    return call;
  }
  return undefined;
}

/** Where the results are. */
function toResults(d: Dissection, start: number, length: number, state: Attributes): number | undefined {
  const size = d.u32(start + 16);
  if (size >= length) throw ENDS_EARLY;
  const at = start + 12 + ((size + 11) >> 2) * 4;
  const status = d.u32(at);
  if (status === 0) return at + 4;
  d.out += ` ${FAILURES(status) || `ar_stat ${status}`}`;
  state.failed = true;
  return undefined;
}

function printAnswer(d: Dissection, at: number, length: number, ip: number): void {
  d.cutAs = 'nfs';
  const state: Attributes = { failed: false };
  const mark = (): void => {
    if (!state.failed) d.markTruncated();
  };
  untilCut(
    d,
    () => {
      ask(d, at + 8, 4);
      const status = d.u32(at + 8);
      if (status === 0) {
        d.out += `reply ok ${length}`;
        const call = callOf(d, d.u32(at), ip);
        if (call === undefined) return;
        const procedure = procedureOf(call.procedure, call.version);
        d.out += ` ${PROCEDURES(procedure) || `proc-${procedure}`}`;
        if (procedure === 0 || procedure > 21) return;
        const results = toResults(d, at, length, state);
        if (results !== undefined) printReply(new Words(d, results, call.version === 3), procedure, state);
      } else if (status === 1) {
        d.out += `reply ERR ${length}: `;
        ask(d, at + 12, 4);
        const why = d.u32(at + 12);
        if (why === 0) {
          ask(d, at + 20, 4);
          d.out += filled(d, at + 16, 'RPC Version mismatch (%4-%4)');
        } else if (why === 1) {
          ask(d, at + 16, 4);
          const reason = d.u32(at + 16);
          d.out += `Auth ${REFUSALS(reason) || `Invalid failure code ${reason}`}`;
        } else d.out += `Unknown reason for rejecting rpc message ${why}`;
      } else d.out += `reply Unknown rpc response code=${status} ${length}`;
    },
    mark,
  );
}

/** False, having printed nothing, where the datagram is no call to the port of NFS and no reply from it. */
export function printNfs(
  d: Dissection,
  at: number,
  length: number,
  ip: number,
  source: number,
  destination: number,
): boolean {
  if (!d.has(at + 4, 4)) return false;
  const answer = d.u32(at + 4);
  if (destination === PORT && answer === 0) {
    d.out += `NFS request xid ${d.u32(at)} `;
    printCall(d, at, length, ip);
    return true;
  }
  if (source !== PORT || answer !== 1) return false;
  d.out += `NFS reply xid ${d.u32(at)} `;
  printAnswer(d, at, length, ip);
  return true;
}

/** Behind the mark of a record. */
export function printNfsOverTcp(d: Dissection, at: number, length: number, ip: number): void {
  if (length < 4 || !d.has(at, 4) || !d.has(at + 8, 4)) return;
  const tcp = ip + (d.u8(ip) >> 4 === 6 ? 40 : (d.u8(ip) & 15) * 4);
  const before = d.out;
  d.out += ': ';
  const size = Math.min(d.u32(at) & 0x7fffffff, length - 4);
  if (!printNfs(d, at + 4, size, ip, d.u16(tcp), d.u16(tcp + 2))) d.out = before;
}
