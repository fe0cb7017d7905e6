/** What the capture says of a packet: the fields of `frame`. */

import { made, several } from './kinds.js';
import { layout } from './layout.js';
import { type Duration, type FrameFacts, View } from './view.js';

const seconds = (time: Duration | undefined): string | undefined => {
  if (time === undefined) return undefined;
  const [whole, rest] = time;
  if (whole >= 0 || rest === 0) return `${whole}.${`${rest}`.padStart(9, '0')}`;
  return `-${-whole - 1}.${`${1e9 - rest}`.padStart(9, '0')}`;
};
const epoch = ({ frame }: View): string => `${frame!.seconds}.${`${frame!.nanoseconds}`.padStart(9, '0')}`;
/** Packets of one second come together. */
let lastSecond = Number.NaN;
let lastText = '';
const iso = ({ frame }: View): string => {
  if (frame!.seconds !== lastSecond) {
    lastSecond = frame!.seconds;
    const date = new Date(lastSecond * 1000);
    lastText = Number.isNaN(date.getTime()) ? `${lastSecond}` : date.toISOString().slice(0, 19);
  }
  return `${lastText}.${`${frame!.nanoseconds}`.padStart(9, '0')}Z`;
};

/** Times are decimal text, so that no digit is lost. */
export const FRAME = layout('frame', {
  number: made('integer', (p) => p.frame!.number),
  time: made('string', iso),
  time_epoch: made('string', epoch),
  time_relative: made('string', (p) => seconds(p.frame!.sinceFirst)),
  time_delta: made('string', (p) => seconds(p.frame!.sincePrevious)),
  len: made('integer', (p) => p.frame!.wireLength),
  cap_len: made('integer', (p) => p.frame!.capturedLength),
  protocols: made('string', (p) => p.frame!.protocols),
  interface_name: made('string', (p) => p.frame!.interfaceName),
  comment: several('string', (p) => (p.frame!.comments.length === 0 ? undefined : [...p.frame!.comments])),
});

/** A view of the facts of a packet. */
export function frameView(frame: FrameFacts, data: Uint8Array, view = new View(FRAME)): View {
  view.frame = frame;
  return view.place(data, 0, data.length, frame.wireLength);
}
