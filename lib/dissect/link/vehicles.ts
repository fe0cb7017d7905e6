/** Networks of vehicles: ETSI's GeoNetworking with its transport (EN 302 636), ISO's CALM FAST (ISO 29281). */

import { ask, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { names } from '../frame/names.js';
import { filled, hex2 } from '../frame/text.js';

const COMMON = 36;
const MESSAGES = names('CAM|DENM|101 TPEGM|TSPDM|VPM|SRM|SLAM|ecoCAM|ITM|150 SA', '');
const NEXT = ['Any', 'BTP-A', 'BTP-B', 'IPv6'];
/** By type and subtype; types of one name have no subtypes. */
const HEADERS: readonly (string | readonly string[])[] = [
  'Any',
  'Beacon',
  'GeoUnicast',
  ['GeoAnycastCircle', 'GeoAnycastRect', 'GeoAnycastElipse'],
  ['GeoBroadcastCircle', 'GeoBroadcastRect', 'GeoBroadcastElipse'],
  ['TopoScopeBcast-SH', 'TopoScopeBcast-MH'],
  ['LocService-Request', 'LocService-Reply'],
];

function invalid(d: Dissection, why: string): void {
  d.out += why;
  d.markInvalid();
}

/** Bytes behind the common header; -1 where that is not known. */
const extraOf = (type: number, subtype: number): number =>
  type < 2 || (type === 5 && subtype === 0) ? 0 : type === 5 && subtype === 1 ? 32 : -1;

function printHeaders(d: Dissection, start: number, length: number): void {
  if (length < COMMON) {
    invalid(d, ` (common header length ${length} < ${COMMON})`);
    return;
  }
  const [first, second] = [d.u8(start), d.u8(start + 1)];
  const [next, type, subtype] = [first & 15, second >> 4, second & 15];
  const payload = d.u16(start + 4);
  const hops = d.u8(start + 7);
  const header = HEADERS[type] ?? 'Unknown';
  const name = typeof header === 'string' ? header : (header[subtype] ?? 'Unknown');
  d.out += `v:${first >> 4} NH:${next}-${NEXT[next] ?? 'Unknown'} HT:${type}-${subtype}-${name} HopLim:${hops} Payload:${payload} `;
  d.need(start + 8, 8);
  d.out += `GN_ADDR:${[0, 1, 2, 3, 4, 5, 6, 7].map((i) => hex2(d.u8(start + 8 + i))).join(':')} `;
  d.out += filled(d, start + 20, 'lat:%4 ');
  d.out += filled(d, start + 24, 'lon:%4');
  d.need(start, COMMON);
  let at = start + COMMON;
  let left = length - COMMON;
  const extra = extraOf(type, subtype);
  if (extra >= 0) {
    if (left < extra) {
      invalid(d, ` (header size ${extra} > ${left})`);
      return;
    }
    d.need(at, extra);
    at += extra;
    left -= extra;
    if (next === 1 || next === 2) {
      if (left < 4) {
        invalid(d, ` (BTP length ${left} < 4)`);
        return;
      }
      d.out += filled(d, at, '; BTP Dst:%2');
      d.out += filled(d, at + 2, ' Src:%2');
      at += 4;
      left -= 4;
      if (left >= 2) {
        d.out += filled(d, at, '; ItsPduHeader v:%1');
        const message = d.u8(at + 1);
        d.out += ` t:${message}-${MESSAGES(message) || `unknown (${message})`}`;
      }
    }
  }
  if (d.verbosity) printHexAscii(d, at, left);
}

export function printGeoNetworking(
  d: Dissection,
  at: number,
  length: number,
  _: number,
  source: number,
): void {
  d.cutAs = 'geonet';
  d.out += `GeoNet ${source < 0 ? '' : `src:${d.mac(source)}`}; `;
  printHeaders(d, at, length);
}

export function printCalmFast(d: Dissection, at: number, length: number, _: number, source: number): void {
  d.cutAs = 'calm_fast';
  d.out += 'CALM FAST';
  if (source >= 0) d.out += ` src:${d.mac(source)}`;
  d.out += '; ';
  if (length < 2) {
    invalid(d, ` (length ${length} < 2)`);
    if (!d.has(at, length)) d.markTruncated();
    return;
  }
  untilCut(d, () => {
    ask(d, at, 2);
    d.out += filled(d, at, 'SrcNwref:%1; DstNwref:%1; ');
  });
  if (d.verbosity) printHexAscii(d, at + 2, length - 2);
}
