/** Forwarding and control element separation (RFC 5810), in SCTP (RFC 5811): messages, and what they set or ask. */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { names } from '../frame/names.js';
import { hex8 } from '../frame/text.js';

const HEADER = 24;
/** How many parts a message has: none; none or more; one at least, of one or of many. */
const [NONE, ANY, ONE, MANY] = [1, 0x22, 0x14, 0xf4];

/** What parts hold is said by these; `mask` has the operations that are allowed, or what a path may hold. */
type Print = (d: Dissection, at: number, length: number, mask: number, indent: number) => boolean;

interface Message {
  readonly name: string;
  readonly parts: number;
  readonly operations: number;
  readonly print?: Print;
}

const TLVS: Readonly<Record<number, string>> = {
  0: 'Invalid TLV',
  1: 'REDIRECT TLV',
  16: 'ASResult TLV',
  17: 'ASTreason TLV',
  272: 'PATH-DATA TLV',
  273: 'KEYINFO TLV',
  274: 'FULLDATA TLV',
  275: 'SPARSEDATA TLV',
  276: 'RESULT TLV',
  277: 'METADATA TLV',
  278: 'REDIRECTDATA TLV',
  4096: 'LFBselect TLV',
};
const tlvName = (type: number): string => TLVS[type] ?? `#${type}`;
const isTop = (type: number): boolean => type !== 0 && TLVS[type] !== undefined;
const FAULTS = ['', 'Invalid total length', 'xLV too short', 'xLV too long', 'data padding missing'];
const RESULTS = names(
  'SUCCESS|INVALID HEADER|LENGTH MISMATCH|VERSION MISMATCH|INVALID DESTINATION PID|LFB UNKNOWN|LFB NOT FOUND|LFB INSTANCE ID NOT FOUND|INVALID PATH|COMPONENT DOES NOT EXIST|EXISTS ALREADY|NOT FOUND|READ ONLY|INVALID ARRAY CREATION|VALUE OUT OF RANGE|CONTENTS TOO LONG|INVALID PARAMETERS|INVALID MESSAGE TYPE|INVALID FLAGS|INVALID TLV|EVENT ERROR|NOT SUPPORTED|MEMORY ERROR|INTERNAL ERROR|255 UNSPECIFIED ERROR',
);

const spaces = (count: number): string => ' '.repeat(Math.max(0, Math.min(255, count)));
const aligned = (length: number): number => (length + 3) & ~3;
const hex = (value: number): string => value.toString(16);

/** What is wrong with a list's item of `size` bytes, of which `left` are there; 0 where nothing is. */
function fault(size: number, left: number, header = 4): number {
  if (left < header) return 1;
  if (size < header) return 2;
  return size > left ? 3 : left < aligned(size) ? 4 : 0;
}

function dump(d: Dissection, before: string, at: number, length: number): void {
  printUnknown(d, at, length, before);
  if (!d.has(at, length)) throw TRUNCATED;
}

const deep = (d: Dissection): boolean => d.verbosity >= 3;

const RESULT: Print = (d, at, length, _mask, indent) => {
  if (length !== 8) {
    d.out += `illegal RESULT-TLV: ${length - 4} bytes!\n`;
    return false;
  }
  d.need(at + 4, 4);
  const code = d.u8(at + 4);
  if (code >= 0x18 && code <= 0xfe) {
    d.out += `illegal reserved result code: 0x${hex(code)}!\n`;
    return false;
  }
  if (deep(d)) d.out += `${spaces(indent)}  Result: ${RESULTS(code)} (code 0x${hex(code)})\n`;
  return true;
};

const FULL: Print = (d, at, length, _mask, indent) => {
  d.need(at, 4);
  if (d.u16(at) !== 0x112) {
    d.out += 'Error: expecting FULLDATA!\n';
    return false;
  }
  if (deep(d)) {
    const space = spaces(indent + 1);
    d.out += `${space}[`;
    dump(d, `\n${space}`, at + 4, length - 4);
    d.out += `\n${space}]`;
  }
  return true;
};

const SPARSE: Print = (d, at, length, _mask, indent) => {
  d.need(at, 4);
  if (d.u16(at) !== 0x113) {
    d.out += 'Error: expecting SPARSEDATA!\n';
    return false;
  }
  let left = length - 4;
  if (left < 8) {
    d.out += 'Error: BAD SPARSEDATA-TLV!\n';
    return false;
  }
  for (let next = at + 4; left !== 0; ) {
    const wrong = left < 8 ? 1 : fault(d.u32(next + 4), left, 8);
    if (wrong !== 0) {
      d.out += `Error: ${FAULTS[wrong]}, rlen ${left}\n`;
      return false;
    }
    const size = d.u32(next + 4);
    if (deep(d)) {
      d.out += `\n${spaces(indent)} ILV: type ${hex(d.u32(next))} length ${size}\n`;
      dump(d, '\t\t[', next + 8, size - 8);
    }
    next += aligned(size);
    left -= aligned(size);
  }
  return true;
};

const KEY: Print = (d, at, length, mask, indent) => {
  d.out += `${spaces(indent)}Keyinfo: Key 0x${hex(d.u32(at + 4))}\n`;
  const [type, size] = [d.u16(at + 8), d.u16(at + 10)];
  const wrong = fault(size, length);
  if (wrong !== 0) {
    d.out += `${FAULTS[wrong]} TLV type 0x${hex(type)} len ${size}\n`;
    return false;
  }
  return FULL(d, at + 12, size, mask, indent);
};

/** Paths in a list. */
const PATHS: Print = (d, start, length, mask, indent) => {
  let [at, left] = [start, length];
  while (left !== 0) {
    const size = d.u16(at + 2);
    if (fault(size, left) !== 0) break;
    if (deep(d)) {
      d.out += `${spaces(indent)}${tlvName(d.u16(at))}, length ${size} (data encapsulated ${size - 4} Bytes)`;
    }
    if (!printPath(d, at + 4, size - 4, mask, indent + 1)) return false;
    at += aligned(size);
    left -= aligned(size);
  }
  if (left === 0) return true;
  d.out += `\n\t\tMessy PATHDATA TLV header, type (0x${hex(d.u16(at))})\n\t\texcess of ${(left - d.u16(at + 2)) >>> 0} Bytes `;
  return false;
};

interface Data {
  readonly name: string;
  readonly mask: number;
  readonly print: Print;
}
const DATA: Readonly<Record<number, Data>> = {
  272: { name: '', mask: 0, print: PATHS },
  273: { name: 'KEYINFO TLV', mask: 0, print: KEY },
  274: { name: 'FULLDATA TLV', mask: 1, print: FULL },
  275: { name: 'SPARSEDATA TLV', mask: 2, print: SPARSE },
  276: { name: 'RESULT TLV', mask: 4, print: RESULT },
};
const PATH_DATA = 0x110;
/** Flags of a path, as bits of the mask: by key, in a range, at the table's end. */
const [KEYED, APPENDED, RANGED] = [8, 16, 32];

function printPath(d: Dissection, at: number, length: number, operations: number, indent: number): boolean {
  d.need(at, 4);
  if (length < 4) {
    d.markTruncated();
    return false;
  }
  const [flags, count] = [d.u16(at), d.u16(at + 2)];
  if (deep(d)) d.out += `\n${spaces(indent)}Pathdata: Flags 0x${hex(flags)} ID count ${count}\n`;
  const mask = operations | (flags & 1 ? KEYED : 0) | (flags & 2 ? RANGED : 0) | (flags & 4 ? APPENDED : 0);
  const left = length - 4;
  if (left < 4 * count) {
    d.out += `\t\t\ttruncated IDs expected ${4 * count}B got ${left}B\n`;
    dump(d, '\t\t\tID Data[', at + 4, left);
    d.out += ']\n';
    return false;
  }
  if (mask & RANGED && mask & KEYED) {
    d.out += '\t\t\tIllegal to have both Table ranges and keys\n';
    return false;
  }
  d.enter();
  const rest = printSteps(d, at + 4, left, count, mask, indent);
  const good = rest > 0 ? PATHS(d, at + 4 + left - rest, rest, mask, indent + 1) : rest === 0;
  d.leave();
  return good;
}

/** Returns how many bytes are left; -1 where something is wrong. */
function printSteps(
  d: Dissection,
  start: number,
  length: number,
  count: number,
  mask: number,
  indent: number,
): number {
  let [at, left] = [start, length];
  if (mask & APPENDED && deep(d)) d.out += `${spaces(indent)}TABLE APPEND\n`;
  for (let i = 1; i <= count; i++) {
    if (!d.has(at, 4)) {
      d.markTruncated();
      return -1;
    }
    if (deep(d)) d.out += `${spaces(indent)}ID#${`${i}`.padStart(2, '0')}: ${d.u32(at)}\n`;
    at += 4;
    left -= 4;
  }
  if (mask & (RANGED | KEYED) && left < 12) {
    d.out += `pathlength ${left} with key/range too short 12\n`;
    return -1;
  }
  if (mask & RANGED) {
    const [from, to] = [d.u32(at + 4), d.u32(at + 8)];
    if (deep(d)) d.out += `${spaces(indent)}Table range: [${from},${to}]\n`;
    at += 12;
    left -= 12;
  }
  if (mask & KEYED) {
    const size = d.u16(at + 6);
    if (size < 4 || left - 8 < size - 4) {
      d.out += size < 4 ? `key content length ${size} < 4\n` : 'key content too short\n';
      return -1;
    }
    at += 4 + size;
    left -= 4 + size;
  }
  return left === 0 ? 0 : printData(d, at, left, mask, indent);
}

function printData(d: Dissection, at: number, left: number, mask: number, indent: number): number {
  const [type, size] = [d.u16(at), d.u16(at + 2)];
  const wrong = fault(size, left);
  const of = DATA[type];
  if (wrong !== 0)
    d.out += `${FAULTS[wrong]} Outstanding bytes ${left} for TLV type 0x${hex(type)} TLV len ${size}\n`;
  else if (of === undefined) d.out += `Invalid path data content type 0x${hex(type)} len ${size}\n`;
  else {
    const padding = aligned(size) - size;
    if (deep(d) && type !== PATH_DATA) {
      const padded = padding ? ` pad ${padding}` : '';
      d.out += `${spaces(indent)}  ${of.name} (Length ${size} DataLen ${size - 4}${padded} Bytes)\n`;
    }
    if (type !== PATH_DATA) {
      if (mask & KEYED) {
        if (type !== 0x111) d.out += 'Based on flags expected KEYINFO TLV!\n';
      } else if (!(mask & of.mask)) {
        d.out += `Illegal DATA encoding for type 0x${hex(type)} programmed ${hex(of.mask)} got ${hex(mask)}\n`;
      }
    }
    return of.print(d, at, size + padding, mask, indent + 2) ? left - size - padding : -1;
  }
  if (size === 0) return left;
  dump(d, 'Bad Data val\n\t  [', at, left);
  d.out += ']\n';
  return -1;
}

/** One path, with words of its own before it. */
const GENERAL: Print = (d, at, length, mask, indent) => {
  const [type, size] = [d.u16(at), d.u16(at + 2)];
  d.out += `genoptlvprint - ${tlvName(type)} TLV type 0x${hex(type)} len ${size}\n`;
  if (fault(size, length) !== 0) {
    d.out += `\t\t\tInvalid ForCES TLV type=${hex(type)}`;
    return false;
  }
  if (!isTop(type)) {
    d.out += `#0 TLV type 0x${hex(type)} len ${size}\n`;
    return false;
  }
  if (deep(d)) d.out += `${spaces(indent)}${tlvName(type)}, length ${size} (data length ${size - 4} Bytes)`;
  return printPath(d, at + 4, size - 4, mask, indent + 1);
};

function printInvalid(d: Dissection, at: number, length: number, indent: number): void {
  if (!deep(d)) return;
  const space = spaces(indent - 1);
  d.out += `${space}Data[`;
  dump(d, `\n${space}`, at, length);
  d.out += `\n${space}]\n`;
}

/** Operations from 1 on: their names, what their paths may hold, how they are printed. */
const OPERATIONS: readonly (readonly [name: string, mask: number, print?: Print])[] = [
  [' Set', 3, PATHS],
  [' SetProp', 3, PATHS],
  [' SetResp', 4, PATHS],
  [' SetPropResp', 4, PATHS],
  [' Del', 0, PATHS],
  [' DelResp', 4, PATHS],
  [' Get', 0, PATHS],
  [' GetProp', 0, PATHS],
  [' GetResp', 7, PATHS],
  [' GetPropResp', 5, PATHS],
  [' Report', 3, PATHS],
  [' Commit', 0],
  [' RCommit', 4, GENERAL],
  [' RTRCOMP', 0],
];
const LEAST = 8;

function printOperation(d: Dissection, at: number, indent: number): void {
  const [type, size] = [d.u16(at), d.u16(at + 2)];
  const row = OPERATIONS[type - 1];
  const head = `Oper TLV ${row?.[0] ?? 'Invalid OPTLV'}(0x${hex(type)}) length ${size}\n`;
  if (deep(d)) d.out += spaces(indent) + head;
  if (size - 4 < LEAST) {
    d.out += `\t\t${head}\t\tTruncated data size ${size - 4} minimum required ${LEAST}\n`;
    printInvalid(d, at + 4, size - 4, indent);
  } else if (row === undefined) printInvalid(d, at + 4, size - 4, indent + 1);
  else row[2]?.(d, at + 4, size - 4, row[1], indent + 1);
}

const SELECT: Print = (d, start, length, mask, indent) => {
  let left = length - 12;
  if (left <= 4) {
    d.out += `\n\t\ttruncated lfb selector: ${(4 - left) >>> 0} bytes missing! `;
    return false;
  }
  if (!d.has(start, 8)) {
    d.markTruncated();
    return false;
  }
  const [klass, instance] = [d.u32(start), d.u32(start + 4)];
  if (deep(d)) {
    const name = ['Invalid TLV', 'FEObj LFB', 'FEProtoObj LFB'][klass] ?? `#${klass | 0}`;
    d.out += `\n${spaces(indent)}${name}(Classid ${hex(klass)}) instance ${hex(instance)}\n`;
  }
  let at = start + 8;
  while (left !== 0) {
    const [type, size] = [d.u16(at), d.u16(at + 2)];
    if (fault(size, left) !== 0) break;
    if (type >= 0x8000 || (type > 0 && type <= OPERATIONS.length && mask & (1 << (type - 1))))
      printOperation(d, at, indent + 1);
    else {
      if (!deep(d)) d.out += '\n';
      d.out += `\t\tINValid oper-TLV type 0x${hex(type)} length ${size} for this ForCES message\n`;
      printInvalid(d, at, left, indent + 1);
    }
    at += aligned(size);
    left -= aligned(size);
  }
  if (left === 0) return true;
  d.out += `\n\t\tMessy oper TLV header, type (0x${hex(d.u16(at))})\n\t\texcess of ${(left - d.u16(at + 2)) >>> 0} Bytes `;
  return false;
};

function printMetadata(d: Dissection, start: number, length: number, indent: number): void {
  let left = length - 4;
  d.out += `\n${spaces(indent)} METADATA length ${left}\n`;
  for (let at = start; left >= 8 && fault(d.u32(at + 4), left, 8) === 0; ) {
    const size = d.u32(at + 4);
    d.out += `${spaces(indent + 1)}MetaID 0x${hex(d.u32(at))} length ${size}\n`;
    if (deep(d)) {
      dump(d, '\t\t[', at + 8, size - 8);
      d.out += ' ]\n';
    }
    at += aligned(size);
    left -= aligned(size);
  }
}

const REDIRECT: Print = (d, start, length, _mask, indent) => {
  let left = length - 4;
  if (left <= 8) {
    d.out += `\n\t\ttruncated Redirect TLV: ${(8 - left) >>> 0} bytes missing! `;
    return false;
  }
  let at = start;
  while (left !== 0) {
    const [type, size] = [d.u16(at), d.u16(at + 2)];
    if (fault(size, left) !== 0) {
      d.out += 'Bad Redirect data\n';
      break;
    }
    if (type === 0x115) printMetadata(d, at + 4, size, indent + 1);
    else if (type === 0x116) {
      d.out += `\n${spaces(indent + 1)} Redirect Data length ${size - 4}\n`;
      if (deep(d)) {
        d.out += '\t\t[';
        dump(d, '\n\t\t', at + 4, size - 4);
        d.out += '\n\t\t]';
      }
    } else d.out += `Unknown REDIRECT TLV 0x${hex(type)} len ${size}\n`;
    at += aligned(size);
    left -= aligned(size);
  }
  if (left === 0) return true;
  d.out += `\n\t\tMessy Redirect TLV header, type (0x${hex(d.u16(at))})\n\t\texcess of ${(left - d.u16(at + 2)) >>> 0} Bytes `;
  return false;
};

/** A number of four bytes, with words before it and for each value. */
const code =
  (title: string, most: number, before: string, values: readonly string[], unknown: string): Print =>
  (d, at, length, _mask, indent) => {
    if (length !== 8) {
      d.out += `illegal ${title}-TLV: ${length - 4} bytes!\n`;
      return false;
    }
    const value = d.u32(at);
    if (value > most) {
      d.out += `illegal ${title} result code: ${value}!\n`;
      return false;
    }
    const space = spaces(indent);
    if (deep(d)) d.out += `${before}\n${space}${values[value] ?? unknown}(${hex(value)})\n${space}`;
    return true;
  };

const TEARDOWN = code(
  'ASTresult',
  255,
  'Teardown reason:',
  ['Normal Teardown', 'Loss of Heartbeats', 'Out of bandwidth', 'Out of Memory', 'Application Crash'],
  'Unknown Teardown reason',
);
const RESPONSE = code('ASRresult', 3, '', ['Success ', 'FE ID invalid ', 'permission denied '], 'Unknown ');

const MESSAGES: Readonly<Record<number, Message>> = {
  1: { name: 'Association Setup', parts: ANY, operations: 0x400, print: SELECT },
  2: { name: 'Association TearDown', parts: ONE, operations: 0, print: TEARDOWN },
  3: { name: 'Config', parts: MANY, operations: 0x2813, print: SELECT },
  4: { name: 'Query', parts: MANY, operations: 0xc0, print: SELECT },
  5: { name: 'Event Notification', parts: ONE, operations: 0x400, print: SELECT },
  6: { name: 'Packet Redirect', parts: MANY, operations: 0, print: REDIRECT },
  15: { name: 'HeartBeat', parts: NONE, operations: 0 },
  17: { name: 'Association Response', parts: ONE, operations: 0, print: RESPONSE },
  19: { name: 'Config Response', parts: MANY, operations: 0x102c, print: SELECT },
  20: { name: 'Query Response', parts: MANY, operations: 0x300, print: SELECT },
};

/** False where something is wrong. */
function printParts(d: Dissection, start: number, length: number, of: Message): boolean {
  let left = length - HEADER;
  if (left > 4) {
    if (of.parts & 1) {
      d.out += `<0x${hex(of.parts)}>Illegal Top level TLV!\n`;
      return false;
    }
  } else if (of.parts & 2) return true;
  else if (of.parts & 4) {
    d.out += '\tTop level TLV Data missing!\n';
    return false;
  }
  if (of.parts & 1) return true;
  let at = start + HEADER;
  for (let parts = of.parts >> 4; left !== 0 && parts > 0; parts--) {
    const [type, size] = [d.u16(at), d.u16(at + 2)];
    if (fault(size, left) !== 0) break;
    if (!isTop(type)) {
      d.out += `\n\tInvalid ForCES Top TLV type=0x${hex(type)}`;
      return false;
    }
    if (deep(d)) d.out += `\t${tlvName(type)}, length ${size} (data length ${size - 4} Bytes)`;
    if (!of.print!(d, at + 4, size, of.operations, 9)) return false;
    at += aligned(size);
    left -= aligned(size);
  }
  if (left === 0) return true;
  d.out += `\tMess TopTLV header: min 4, total ${left} advertised ${d.u16(at + 2)} `;
  return false;
}

function nodeName(id: number): string {
  if (id <= 0x7fff_ffff) return id <= 0x3fff_ffff ? 'FE' : 'CE';
  if (id >= 0xc000_0000 && id <= 0xffff_ffef) return 'AllMulticast';
  return ['AllCEsBroadcast', 'AllFEsBroadcast', 'AllBroadcast'][id - 0xffff_fffd] ?? 'ForCESreserved';
}

const ACKS = ['NoACK', 'SuccessACK', 'FailureACK', 'AlwaysACK'];
const MODES = ['EMReserved', 'execute-all-or-none', 'execute-until-failure', 'continue-execute-on-failure'];
const STAGES = ['StartofTransaction', 'MiddleofTransaction', 'EndofTransaction', 'abort'];

export function printForces(d: Dissection, at: number, length: number): void {
  d.cutAs = 'forces';
  if (!d.has(at, HEADER)) {
    d.markTruncated();
    return;
  }
  if (printMessage(d, at, length)) {
    if (d.verbosity < 4) return;
    d.out += '\n\t  Raw ForCES message\n\t [';
    dump(d, '\n\t ', at, length);
    d.out += '\n\t ]';
    return;
  }
  dump(d, '\n\t[', at, length);
  d.out += '\n\t]';
}

function printMessage(d: Dissection, at: number, length: number): boolean {
  const type = d.u8(at + 1);
  if (type === 0 || type > 20 || (type >= 7 && type <= 14) || type === 16) {
    d.out += `Invalid ForCES message type ${type}\n`;
    return false;
  }
  const of = MESSAGES[type];
  if (of === undefined) {
    d.out += `\n\tUnknown ForCES message type=0x${hex(type)}`;
    return false;
  }
  const whole = 4 * d.u16(at + 2);
  d.out += `\n\tForCES ${of.name} `;
  if (length < HEADER || whole < HEADER || whole !== length) {
    d.out += `Illegal ForCES pkt len - min ${HEADER}, total recvd ${length}, advertised ${whole} `;
    return false;
  }
  const flags = d.u32(at + 20);
  const bits = (from: number, count: number): number => (flags >>> from) & ((1 << count) - 1);
  if (d.verbosity) {
    const [source, destination] = [d.u32(at + 4), d.u32(at + 8)];
    d.out += `\n\tForCES Version ${d.u8(at) >> 4} len ${whole}B flags 0x${hex8(flags)} `;
    d.out += `\n\tSrcID 0x${hex(source)}(${nodeName(source)}) DstID 0x${hex(destination)}(${nodeName(destination)}) Correlator 0x${d.u64(at + 12).toString(16)}`;
  }
  if (d.verbosity > 1) {
    const [ack, mode, atomic, stage] = [bits(30, 2), bits(22, 2), bits(21, 1), bits(19, 2)];
    d.out += `\n\tForCES flags:\n\t  ${ACKS[ack]}(0x${ack}), prio=${bits(27, 3)}, ${MODES[mode]}(0x${mode}),`;
    d.out += `\n\t  ${atomic ? '2PCtransaction' : 'Standalone'}(0x${atomic}), ${STAGES[stage]}(0x${stage})\n`;
    d.out += `\t  Extra flags: rsv(b5-7) 0x${hex(bits(24, 3))} rsv(b13-31) 0x${hex(flags & 0x7ffff)}\n`;
  }
  return printParts(d, at, whole, of);
}
