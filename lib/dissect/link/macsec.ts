/** MACsec (IEEE 802.1AE §9): the tag of a protected frame. */

import type { Dissection } from '../frame/dissection.js';
import { bits, flag, mac, u8, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { bitNames } from '../frame/names.js';
import type { Dissector } from '../frame/walk.js';

export const ETHERTYPE_MACSEC = 0x88e5;
const CHECK_VALUE = 16;
const ENCRYPTED = 0x0c;
const FLAGS = bitNames('8 E|4 C|64 S|16 B|32 I', 'none', '');

export const MACSEC = layout('macsec', {
  'TCI.ES': flag(0, 0x40),
  'TCI.SC': flag(0, 0x20),
  'TCI.SCB': flag(0, 0x10),
  'TCI.E': flag(0, 0x08),
  'TCI.C': flag(0, 0x04),
  AN: bits(0, 0x03, 1, 'hex'),
  SL: u8(1),
  PN: u32(2),
  'SCI.system_identifier': mac(6).when((p) => (p.u8(0) & 0x20) !== 0),
});

const headerSize = (flags: number): number => (flags & 0x20 ? 14 : 6);

export const dissectMacsec: Dissector = (w, at, limit) => {
  const header = headerSize(w.u8(at));
  w.layer(MACSEC, at, at + header, limit);
  if ((w.u8(at) & ENCRYPTED) === 0) w.ether(w.u16(at + header), at + header + 2, limit - CHECK_VALUE);
};

/** What is inside a frame that can be read. */
interface Inside {
  readonly header: number;
  readonly rest: number;
  readonly available: number;
}

/**
 * Prints the tag; `src` and `dst` are offsets of MAC addresses. Lowers `d.end` before the check value.
 *
 * @returns what is inside; the header's size where that cannot be read; -1 where the header is cut or wrong.
 */
export function printMacsec(
  d: Dissection,
  at: number,
  length: number,
  captured: number,
  src: number,
  dst: number,
): Inside | number {
  const outer = d.cutAs;
  d.cutAs = 'macsec';
  const there = Math.min(length, captured);
  if (there < 6 || there < headerSize(d.u8(at))) return cut();
  const [flags, short] = [d.u8(at), d.u8(at + 1)];
  if (short > 0x3f || flags & 0x80) {
    d.markInvalid();
    d.cutAs = outer;
    return -1;
  }
  const header = headerSize(flags);
  if (d.showsLink) sayHeader();
  let rest = length - header;
  let available = captured - header;
  if (flags & ENCRYPTED) {
    if (!d.showsLink) {
      d.out += `${d.mac(src)} > ${d.mac(dst)} 802.1AE MACsec, `;
      sayHeader();
    }
    d.cutAs = outer;
    return header;
  }
  if (rest < CHECK_VALUE || available < CHECK_VALUE) return cut();
  rest -= CHECK_VALUE;
  available -= CHECK_VALUE;
  d.end -= CHECK_VALUE;
  if (short !== 0) {
    if (short > rest || short > available) return cut();
    rest = short;
    available = short;
  }
  d.cutAs = outer;
  return { header, rest, available };

  function cut(): number {
    d.markTruncated();
    d.cutAs = outer;
    return -1;
  }

  function sayHeader(): void {
    d.out += `an ${flags & 3}, pn ${d.u32(at + 2)}, flags ${FLAGS(flags & 0x7c)}${short ? `, sl ${short}` : ''}`;
    d.out += `${
      flags & 0x20
        ? `, sci ${d
            .u64(at + 6)
            .toString(16)
            .padStart(16, '0')}`
        : ''
    }, `;
  }
}
