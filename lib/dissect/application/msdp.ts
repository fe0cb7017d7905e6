/** Multicast source discovery (RFC 3618), over TCP. */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from '../frame/dissection.js';

export function printMsdp(d: Dissection, start: number, length: number): void {
  d.cutAs = 'msdp';
  d.out += ': msdp';
  const check = (good: boolean): void => {
    if (!good) throw TRUNCATED;
  };
  const [first, size] = [d.u8(start), d.u16(start + 1)];
  check(size <= 1500 && size >= 3 && first !== 0 && first <= 7);
  for (let at = start, left = length; left !== 0; ) {
    check(left >= 3);
    const [type, whole] = [d.u8(at), d.u16(at + 1)];
    if (whole > 1400 || d.verbosity) d.out += ` [len ${whole}]`;
    check(whole >= 3 && left >= whole);
    if (type === 1 || type === 3) {
      d.out += type === 1 ? ' SA' : ' SA-Response';
      const count = d.u8(at + 3);
      d.out += ` ${count} entries`;
      const head = 8 + 12 * count;
      if (whole > head) {
        d.out += ' [w/data]';
        if (d.verbosity > 1) {
          d.out += ' ';
          d.next.ip4(d, at + head, whole - head);
        }
      }
    } else if (type === 2) {
      d.out += ' SA-Request';
      d.out += ` for ${d.ip4(at + 4)}`;
    } else if (type === 4) d.out += ` Keepalive${whole === 3 ? '' : `[len=${whole}] `}`;
    else if (type === 5) d.out += ' Notification';
    else d.out += ` [type=${type} len=${whole}]`;
    d.need(at, whole);
    at += whole;
    left -= whole;
  }
}
