/** The time synchronization protocol of BSD's timed(8). */

import type { Dissection } from '../frame/dissection.js';
import { names } from '../frame/names.js';
import { sayFilled, sayPadded } from '../frame/text.js';

const MESSAGES = names(
  'ANY|ADJTIME|ACK|MASTERREQ|MASTERACK|SETTIME|MASTERUP|SLAVEUP|ELECTION|ACCEPT|REFUSE|CONFLICT|RESOLVE|QUIT|DATE|DATEREQ|DATEACK|TRACEON|TRACEOFF|MSITE|MSITEREQ|TEST|SETDATE|SETDATEREQ|LOOP',
  '',
);
const LOOP = 24;
const TIMES = [1, 5, 22, 23];
const NAME = 64;

export function printTimed(d: Dissection, at: number): void {
  d.cutAs = 'timed';
  const type = d.u8(at);
  d.out += MESSAGES(type) ? `TSP_${MESSAGES(type)}` : `(tsp_type 0x${type.toString(16)})`;
  sayFilled(d, at + 1, ' vers %1 seq %2');
  if (type === LOOP) sayFilled(d, at + 4, ' hopcnt %1');
  else if (TIMES.includes(type)) {
    let [seconds, microseconds] = [d.i32(at + 4), d.i32(at + 8)];
    if (microseconds < 0) return;
    d.out += ' time ';
    if (seconds < 0 && microseconds !== 0) {
      seconds++;
      if (seconds === 0) d.out += '-';
      microseconds = 1_000_000 - microseconds;
    }
    const padded = `${Math.abs(microseconds)}`.padStart(microseconds < 0 ? 5 : 6, '0');
    d.out += `${seconds}.${microseconds < 0 ? '-' : ''}${padded}`;
  }
  d.out += ' name ';
  sayPadded(d, at + 12, NAME);
}
