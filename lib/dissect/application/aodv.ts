/** Ad hoc on-demand distance vector routing (RFC 3561), and its drafts for IPv6. */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from '../frame/dissection.js';
import { hex8 } from '../frame/text.js';

/** Types of the first draft for IPv6, from request to acknowledgement. */
const FIRST_DRAFT = 16;

export function printAodv(d: Dissection, at: number, length: number, ip: number): void {
  d.cutAs = 'aodv';
  const type = d.u8(at);
  d.out += ' aodv';
  const draft = type >= FIRST_DRAFT && type < FIRST_DRAFT + 4;
  const v6 = draft || (ip >= 0 && d.u8(ip) >> 4 === 6);
  const width = v6 ? 16 : 4;
  const address = (place: number): string => (v6 ? d.ip6(place) : d.ip4(place));
  const need = (size: number): void => {
    if (length < size) throw TRUNCATED;
    d.need(at, size);
  };
  switch (draft ? type - FIRST_DRAFT + 1 : type) {
    case 1: {
      need(16 + 2 * width);
      const [to, toSequence, from, fromSequence] = draft
        ? [16, 8, 16 + width, 12]
        : [8, 8 + width, 12 + width, 12 + 2 * width];
      // tcpdump looks for flags in the type.
      d.out += ` rreq ${length} ${draft ? '[D] ' : ' '}hops ${d.u8(at + 3)} id 0x${hex8(d.u32(at + 4))}`;
      d.out += `\n\tdst ${address(at + to)} seq ${d.u32(at + toSequence)} src ${address(at + from)} seq ${d.u32(at + fromSequence)}`;
      printExtension(d, at + 16 + 2 * width, length - 16 - 2 * width);
      break;
    }
    case 2: {
      need(12 + 2 * width);
      const [to, sequence] = draft ? [8, 4] : [4, 4 + width];
      d.out += ` rrep ${length}  prefix ${d.u8(at + 2) & 31} hops ${d.u8(at + 3)}`;
      d.out += `\n\tdst ${address(at + to)} dseq ${d.u32(at + sequence)} src ${address(at + 8 + width)} ${d.u32(at + 8 + 2 * width)} ms`;
      printExtension(d, at + 12 + 2 * width, length - 12 - 2 * width);
      break;
    }
    case 3: {
      need(4);
      const count = d.u8(at + 3);
      d.out += ` rerr ${d.u8(at + 1) & 0x80 ? '[D]' : ''} [items ${count}] [${length}]:`;
      for (let i = 0, place = at + 4; i < count; i++, place += width + 4) {
        if (length - (place - at) < width + 4) throw TRUNCATED;
        d.out += ` {${address(place)}}(${d.u32(place + width)})`;
      }
      break;
    }
    case 4:
      need(2);
      d.out += ` rrep-ack ${length}`;
      break;
    default:
      d.out += ` type ${type} ${length}`;
  }
}

function printExtension(d: Dissection, at: number, length: number): void {
  if (length < 2) return;
  const [type, size] = [d.u8(at), d.u8(at + 1)];
  if (type !== 1) d.out += `\n\text ${type} ${size}`;
  else {
    d.out += '\n\text HELLO - ';
    if (size < 4) throw TRUNCATED;
    d.out += `${d.u32(at + 2)} ms`;
  }
}
