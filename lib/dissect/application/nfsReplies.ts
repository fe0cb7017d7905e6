/** What NFS answers. */

import { ask } from '../frame/ask.js';
import { names } from '../frame/names.js';
import { filled } from '../frame/text.js';
import type { Words } from './nfs.js';

/** Where an error was said nothing more is said of what is cut. */
export interface Attributes {
  failed: boolean;
}

const ERRORS = names(
  "1 Operation not permitted|No such file or directory|5 Input/output error|Device not configured|11 Resource deadlock avoided|Cannot allocate memory|Permission denied|17 File exists|Cross-device link|Operation not supported by device|Not a directory|Is a directory|Invalid argument|26 Text file busy|File too large|No space left on device|30 Read-only file system|Too many links|45 Operation not supported|62 Too many levels of symbolic links|File name too long|66 Directory not empty|69 Disc quota exceeded|Stale NFS file handle|Too many levels of remote in path|99 Write cache flushed to disk|0x2711 Illegal NFS file handle|Update synchronization mismatch|READDIR/READDIRPLUS cookie is stale|Operation not supported|Buffer or request is too small|Unspecified error on server|Object of that type not supported|Request couldn't be completed in time",
  '',
);
const TYPES = names('NON|REG|DIR|BLK|CHR|LNK|7 FIFO', '');
const MODES = names('unstable|datasync|filesync');

/** The error; 0 where there is none. */
export function sayStatus(w: Words, state: Attributes): number {
  const status = w.next();
  if (status !== 0) {
    if (!w.d.quiet) w.d.out += ` ERROR: ${ERRORS(status) || `unk ${status}`}`;
    state.failed = true;
  }
  return status;
}

const time = (w: Words, place: number): string => {
  const parts = filled(w.d, w.at + place, '%4 %4').split(' ');
  return ` ${parts[0]}.${parts[1]!.padStart(6, '0')}`;
};
const signed = (value: number): number => value | 0;

function sayAttributes(w: Words, verbose: number, v3: boolean): void {
  const { d, at } = w;
  ask(d, at + 16, 4);
  if (verbose) {
    const type = d.u32(at);
    d.out += ` ${TYPES(type) || `unk-ft ${type} `} ${d.u32(at + 4).toString(8)} ids ${signed(d.u32(at + 12))}/${signed(d.u32(at + 16))}`;
    d.out += ` sz ${v3 ? d.u64(at + 20) : d.u32(at + 20)}`;
  }
  const hex = (place: number): string => d.u32(at + place).toString(16);
  const long = (place: number): string => BigInt(d.u64(at + place)).toString(16);
  if (verbose > 1 && v3) {
    ask(d, at + 76, 8);
    d.out += ` nlink ${d.u32(at + 8)} rdev ${d.u32(at + 36)}/${d.u32(at + 40)} fsid ${long(44)} fileid ${long(52)}`;
    d.out += ` a/m/ctime${time(w, 60)}${time(w, 68)}${time(w, 76)}`;
  } else if (verbose > 1) {
    ask(d, at + 60, 8);
    d.out += ` nlink ${d.u32(at + 8)} rdev 0x${hex(28)} fsid 0x${hex(36)} nodeid 0x${hex(40)}`;
    d.out += ` a/m/ctime${time(w, 44)}${time(w, 52)}${time(w, 60)}`;
  }
  w.at += v3 ? 84 : 68;
}

function sayAfter(w: Words): void {
  if (w.next() === 0) return;
  if (w.d.verbosity) sayAttributes(w, w.d.verbosity, true);
  else w.at += 84;
}

function sayBeforeAndAfter(w: Words): void {
  const { d } = w;
  if (d.verbosity > 1) d.out += ' PRE:';
  if (w.next() !== 0) {
    ask(d, w.at, 24);
    if (d.verbosity > 1) d.out += ` sz ${d.u64(w.at)} mtime${time(w, 8)} ctime${time(w, 16)}`;
    w.at += 24;
  }
  if (d.verbosity) d.out += ' POST:';
  sayAfter(w);
}

function sayAttributesOf(w: Words, verbose: number, state: Attributes): void {
  if (sayStatus(w, state) === 0) sayAttributes(w, verbose, w.v3);
}

function sayCreated(w: Words, state: Attributes): void {
  if (sayStatus(w, state) !== 0) {
    sayBeforeAndAfter(w);
    return;
  }
  if (w.next() === 0) return;
  w.handle(true);
  if (!w.d.verbosity) return;
  sayAfter(w);
  if (w.d.verbosity > 1) {
    w.d.out += ' dir attr:';
    sayBeforeAndAfter(w);
  }
}

function sayFound(w: Words, state: Attributes): void {
  if (sayStatus(w, state) !== 0) return;
  w.handle(false);
  sayAttributes(w, w.d.verbosity, false);
}

function sayLookup(w: Words, state: Attributes): void {
  const error = sayStatus(w, state);
  if (error === 0) {
    w.handle();
    sayAfter(w);
  }
  if (w.d.verbosity > 1) {
    w.d.out += ' post dattr:';
    sayAfter(w);
  }
}

/** Status and attributes; true where results follow. */
function sayPost(w: Words, state: Attributes, title = ' POST:'): boolean {
  const error = sayStatus(w, state);
  if (w.d.verbosity) w.d.out += title;
  sayAfter(w);
  return error === 0;
}

function sayRead(w: Words, state: Attributes): void {
  if (!sayPost(w, state, '') || !w.d.verbosity) return;
  w.say(' %4 bytes');
  if (w.d.u32(w.at + 4) !== 0) w.d.out += ' EOF';
}

function sayWritten(w: Words, state: Attributes): void {
  const { d } = w;
  const error = sayStatus(w, state);
  sayBeforeAndAfter(w);
  if (error !== 0 || !d.verbosity) return;
  w.say(' %4 bytes');
  if (d.verbosity < 2) return;
  const mode = d.u32(w.at + 4);
  d.out += ` <${MODES(mode, `#${mode | 0}`)}>`;
  d.out += ` verf ${BigInt(d.u64(w.at + 8)).toString(16)}`;
}

function sayMoved(w: Words, state: Attributes): void {
  sayStatus(w, state);
  if (!w.d.verbosity) return;
  w.d.out += ' from:';
  sayBeforeAndAfter(w);
  w.d.out += ' to:';
  sayBeforeAndAfter(w);
}

function sayLinked(w: Words, state: Attributes): void {
  sayStatus(w, state);
  if (!w.d.verbosity) return;
  w.d.out += ' file POST:';
  sayAfter(w);
  w.d.out += ' dir:';
  sayBeforeAndAfter(w);
}

function sayListed(w: Words, state: Attributes): void {
  if (sayPost(w, state) && w.d.verbosity) w.say(' verf %x8');
}

function sayStatistics(w: Words, state: Attributes): void {
  const { d, v3 } = w;
  const error = sayStatus(w, state);
  if ((!v3 && error !== 0) || d.quiet) return;
  if (v3) {
    if (d.verbosity) d.out += ' POST:';
    sayAfter(w);
  }
  ask(d, w.at, v3 ? 52 : 20);
  if (!v3) w.say(' tsize %4 bsize %4 blocks %4 bfree %4 bavail %4');
  else {
    w.say(' tbytes %8 fbytes %8 abytes %8');
    if (d.verbosity) w.say(' tfiles %8 ffiles %8 afiles %8 invar %4', 24);
  }
}

function sayInformation(w: Words, state: Attributes): void {
  if (!sayPost(w, state)) return;
  ask(w.d, w.at, 48);
  w.say(' rtmax %4 rtpref %4%_4 wtmax %4 wtpref %4%_4 dtpref %4');
  if (!w.d.verbosity) return;
  w.say(' rtmult %4%_8 wtmult %4%_4 maxfsz %8', 8);
  w.d.out += ` delta${time(w, 36)} `;
}

function sayConfiguration(w: Words, state: Attributes): void {
  if (!sayPost(w, state)) return;
  ask(w.d, w.at, 24);
  const word = (place: number, name: string): string => (w.d.u32(w.at + place) ? name : '');
  w.say(' linkmax %4 namemax %4');
  w.d.out += ` ${word(8, 'notrunc')} ${word(12, 'chownres')} ${word(16, 'igncase')} ${word(20, 'keepcase')}`;
}

export function printReply(w: Words, procedure: number, state: Attributes): void {
  const { d, v3 } = w;
  if (procedure === 1 || (procedure === 2 && !v3)) sayAttributesOf(w, d.quiet ? 0 : 1, state);
  else if (procedure === 2 || procedure === 12 || procedure === 13 || procedure === 21) {
    sayStatus(w, state);
    if (v3 || procedure === 21) sayBeforeAndAfter(w);
  } else if (procedure === 3) (v3 ? sayLookup : sayFound)(w, state);
  else if (procedure === 4) {
    if (sayPost(w, state, ' attr:')) d.out += ` c ${d.u32(w.at).toString(16).padStart(4, '0')}`;
  } else if (procedure === 5) {
    if (sayStatus(w, state) !== 0) return;
    if (v3) sayAfter(w);
    d.out += ' ';
    w.name();
  } else if (procedure === 6) {
    if (v3) sayRead(w, state);
    else sayAttributesOf(w, d.verbosity, state);
  } else if (procedure === 7) {
    if (v3) sayWritten(w, state);
    else sayAttributesOf(w, d.verbosity, state);
  } else if (procedure === 8 || procedure === 9) (v3 ? sayCreated : sayFound)(w, state);
  else if (procedure === 10) (v3 ? sayCreated : sayStatus)(w, state);
  else if (procedure === 11) sayCreated(w, state);
  else if (procedure === 14) (v3 ? sayMoved : sayStatus)(w, state);
  else if (procedure === 15) (v3 ? sayLinked : sayStatus)(w, state);
  else if (procedure === 16 && !v3) {
    if (sayStatus(w, state) !== 0 || d.quiet) return;
    d.out += ` offset 0x${d.u32(w.at).toString(16)} size ${d.u32(w.at + 4)} `;
    if (d.u32(w.at + 8) !== 0) d.out += ' eof';
  } else if (procedure === 16 || procedure === 17) sayListed(w, state);
  else if (procedure === 18) sayStatistics(w, state);
  else if (procedure === 19) sayInformation(w, state);
  else if (procedure === 20) sayConfiguration(w, state);
}
