/** IS-IS (ISO/IEC 10589, RFC 1195): the headers of its messages; isisTlvs.ts has what follows them. */

import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bits, u8 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';
import { hex2, hex4, hex8 } from '../frame/text.js';
import { isisId, printTlvs } from './isisTlvs.js';
import { sayOsiChecksum } from './osi.js';

export const ISIS = layout('isis', {
  irpd: u8(0, 'hex'),
  len: u8(1),
  version: u8(2),
  sysid_len: u8(3),
  type: bits(4, 0x1f),
  version2: u8(5),
  max_area_adr: u8(7),
});

const COMMON = 8;
const PDU_NAMES = '15 L1 Lan IIH|L2 Lan IIH|p2p IIH|L1 LSP|20 L2 LSP|24 L1 CSNP|L2 CSNP|L1 PSNP|L2 PSNP';
const PDUS = names(PDU_NAMES);
const CIRCUITS = names('1 Level 1 only|Level 2 only|Level 1, Level 2');
const LEVELS = ['Unused 0x0 (invalid)', 'L1 IS', 'Unused 0x2 (invalid)', 'L2 IS'];

/** What a kind of message has behind the common header. */
interface Kind {
  readonly size: number;
  readonly brief: (d: Dissection, at: number) => string;
  /** Where the length of the message stands. */
  readonly length: number;
  /** `length` is that of the message, for its checksum. */
  readonly words: (d: Dissection, at: number, length: number) => void;
}

const LAN: Kind = {
  size: 19,
  brief: (d, at) =>
    `, src-id ${isisId(d, at + 1, 6)}, lan-id ${isisId(d, at + 12, 7)}, prio ${d.u8(at + 11)}`,
  length: 9,
  words(d, at) {
    d.out += `\n\t  source-id: ${isisId(d, at + 1, 6)},  holding time: ${d.u16(at + 7)}s, Flags: [${circuit(d, at)}]`;
    d.out += `\n\t  lan-id:    ${isisId(d, at + 12, 7)}, Priority: ${d.u8(at + 11) & 0x7f}, PDU length: ${d.u16(at + 9)}`;
  },
};
const POINT_TO_POINT: Kind = {
  size: 12,
  brief: (d, at) => `, src-id ${isisId(d, at + 1, 6)}`,
  length: 9,
  words(d, at) {
    d.out += `\n\t  source-id: ${isisId(d, at + 1, 6)}, holding time: ${d.u16(at + 7)}s, Flags: [${circuit(d, at)}]`;
    d.out += `\n\t  circuit-id: 0x${hex2(d.u8(at + 11))}, PDU length: ${d.u16(at + 9)}`;
  },
};
const LINK_STATE: Kind = {
  size: 19,
  brief: (d, at) =>
    `, lsp-id ${isisId(d, at + 4, 8)}, seq 0x${hex8(d.u32(at + 12))}, lifetime ${seconds(d.u16(at + 2))}`,
  length: 0,
  words(d, at, length) {
    d.out += `\n\t  lsp-id: ${isisId(d, at + 4, 8)}, seq: 0x${hex8(d.u32(at + 12))}, lifetime: ${seconds(d.u16(at + 2))}`;
    d.out += `\n\t  chksum: 0x${hex4(d.u16(at + 16))}`;
    sayOsiChecksum(d, at + 4, d.u16(at + 16), 12, length - 12);
    const flags = d.u8(at + 18);
    d.out += `, PDU length: ${d.u16(at)}, Flags: [ ${flags & 4 ? 'Overload bit set, ' : ''}`;
    if (flags & 0x78) {
      d.out += `${flags & 8 ? 'default ' : ''}${flags & 16 ? 'delay ' : ''}${flags & 32 ? 'expense ' : ''}`;
      d.out += `${flags & 64 ? 'error ' : ''}ATT bit set, `;
    }
    d.out += `${flags & 0x80 ? 'P bit set, ' : ''}${LEVELS[flags & 3]} ]`;
  },
};
const COMPLETE: Kind = {
  size: 25,
  brief: (d, at) => `, src-id ${isisId(d, at + 2, 7)}`,
  length: 0,
  words(d, at) {
    d.out += `\n\t  source-id:    ${isisId(d, at + 2, 7)}, PDU length: ${d.u16(at)}`;
    d.out += `\n\t  start lsp-id: ${isisId(d, at + 9, 8)}`;
    d.out += `\n\t  end lsp-id:   ${isisId(d, at + 17, 8)}`;
  },
};
const PARTIAL: Kind = {
  ...COMPLETE,
  size: 9,
  words(d, at) {
    d.out += `\n\t  source-id:    ${isisId(d, at + 2, 7)}, PDU length: ${d.u16(at)}`;
  },
};
// biome-ignore format: a table
const KINDS: Readonly<Record<number, Kind>> = {
  15: LAN, 16: LAN, 17: POINT_TO_POINT, 18: LINK_STATE, 20: LINK_STATE, 24: COMPLETE, 25: COMPLETE, 26: PARTIAL, 27: PARTIAL,
};

const seconds = (lifetime: number): string => `${`${lifetime}`.padStart(5)}s`;
const circuit = (d: Dissection, at: number): string =>
  CIRCUITS(d.u8(at), `unknown circuit type 0x${hex2(d.u8(at))}`);

/** False where the message is to be shown as bytes. */
export function printIsis(d: Dissection, at: number, whole: number): boolean {
  d.cutAs = 'isis';
  let known = true;
  untilCut(d, () => {
    known = printMessage(d, at, whole);
  });
  return known;
}

function printMessage(d: Dissection, at: number, whole: number): boolean {
  ask(d, at, COMMON);
  if (whole < COMMON) throw ENDS_EARLY;
  if (!d.showsLink) d.out += 'IS-IS';
  const fault = headerFault(d, at, whole);
  if (fault !== '') {
    d.out += fault;
    return false;
  }
  const type = d.u8(at + 4);
  const kind = KINDS[type];
  const header = d.u8(at + 1);
  const comma = d.showsLink ? '' : ', ';
  if (!d.verbosity) d.out += `${comma}${PDUS(type, `unknown PDU-Type ${type}`)}`;
  else {
    const [ids, areas] = [d.u8(at + 3), d.u8(at + 7)];
    d.out += `${comma}length ${whole}\n\t${PDUS(type, `unknown, type ${type}`)}, hlen: ${header}, v: 1, pdu-v: 1`;
    d.out += `, sys-id-len: 6 (${ids}), max-area: ${areas || 3} (${areas})`;
    if (d.verbosity > 1) printUnknown(d, at, COMMON, '\n\t');
  }
  const body = at + COMMON;
  if (kind === undefined) {
    if (d.verbosity) printUnknown(d, body, whole, '\n\t  ');
    else d.out += `, length ${whole}`;
    return !d.verbosity;
  }
  const size = COMMON + kind.size;
  if (header !== size) {
    const should = kind === LINK_STATE ? kind.size : size;
    d.out += `${kind === PARTIAL ? '- ' : ', '}bogus fixed header length ${header} should be ${should}`;
    return false;
  }
  ask(d, body, kind.size);
  if (whole < size) throw ENDS_EARLY;
  if (!d.verbosity) {
    d.out += kind.brief(d, body);
    d.out += `, length ${whole}`;
    return true;
  }
  const length = Math.min(whole, d.u16(body + kind.length));
  kind.words(d, body, length);
  if (d.verbosity > 1) printUnknown(d, body, kind.size, '\n\t  ');
  if (length < size) {
    d.out += ` [packet length ${length} < ${size}]`;
    d.markInvalid();
    return true;
  }
  return printTlvs(d, at, length, size);
}

function headerFault(d: Dissection, at: number, length: number): string {
  if (d.u8(at + 2) !== 1) return `version ${d.u8(at + 2)} packet not supported`;
  if (d.u8(at + 3) !== 6 && d.u8(at + 3) !== 0) return `system ID length of ${d.u8(at + 3)} is not supported`;
  if (d.u8(at + 5) !== 1) return `version ${d.u8(at + 5)} packet not supported`;
  const header = d.u8(at + 1);
  if (length < header) return `fixed header length ${header} > packet length ${length}`;
  if (header < COMMON) return `fixed header length ${header} < minimum header size ${COMMON}`;
  return d.u8(at + 7) === 255 ? 'bad packet -- 255 areas' : '';
}
