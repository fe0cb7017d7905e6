/** The walk over the records of a block of a pcap file, in WebAssembly. */

import type { RecordLayout } from '../savefile/index.js';
import { CodeWriter } from '../wasm/index.js';
import { STATE, STOPPED } from './noteMemory.js';

/** A layout that the walk knows, and how many of its parts are a second. */
export type Walked = Extract<RecordLayout, { kind: 'pcap' }> & { readonly perSecond: number };

export const WALK_LOCALS = ['start', 'end', 'data', 'length', 'next', 'count', 'seconds'] as const;

/**
 * Walks over records as long as they are ordinary.
 *
 * @param note - Number of the function that notes a packet.
 */
export function walkBody(
  { littleEndian, headerLength, maxCaptured, snapLength, perSecond }: Walked,
  note: number,
): readonly number[] {
  const code = new CodeWriter();
  const [start, end, data, length, next, count, seconds] = [0, 1, 2, 3, 4, 5, 6] as const;
  const state = (name: keyof typeof STATE) => code.i32(0).op('i32.load', 4 * STATE[name]);
  const load = (offset: number, into: number) => {
    code.get(start).op('i32.load', offset).set(into);
    if (littleEndian) return;
    code.get(into).i32(8).op('i32.rotl').i32(0x00ff00ff).op('i32.and');
    code
      .get(into)
      .i32(8)
      .op('i32.rotr')
      .i32(0xff00ff00 | 0)
      .op('i32.and')
      .op('i32.or')
      .set(into);
  };
  state('start').set(start);
  state('end').set(end);
  state('count').set(count);
  code.op('block');
  const atBlock = code.depth;
  code.op('block');
  const here = code.depth;
  const stopIf = () => code.op('br_if', code.depth - here);
  code.op('loop');
  const again = code.depth;
  code.get(start).i32(headerLength).op('i32.add').tee(data).get(end).op('i32.gt_u');
  stopIf();
  load(8, length);
  code.get(length).i32(maxCaptured).op('i32.gt_u');
  stopIf();
  code.get(data).get(length).op('i32.add').tee(next).get(end).op('i32.gt_u');
  stopIf();
  code.get(start);
  state('hard')
    .op('i32.ge_u')
    .op('br_if', code.depth - atBlock);
  code.get(count);
  state('most').op('i32.ge_u').get(start);
  state('soft')
    .op('i32.ge_u')
    .op('i32.and')
    .op('br_if', code.depth - atBlock);
  // Parts of seconds that are whole ones, and a second behind which there is none.
  load(4, seconds);
  code.get(seconds).i32(perSecond).op('i32.ge_u');
  stopIf();
  load(0, seconds);
  code.get(seconds).i32(-1).op('i32.eq');
  stopIf();
  if (snapLength < maxCaptured)
    code.get(length).i32(snapLength).op('i32.gt_u').op('if').i32(snapLength).set(length).op('end');
  code.get(data).get(length).op('call', note).op('i32.eqz');
  stopIf();
  code.get(seconds);
  state('since')
    .op('i32.lt_u')
    .op('if')
    .i32(0)
    .get(seconds)
    .op('i32.store', 4 * STATE.since)
    .op('end');
  code.get(seconds);
  state('until').op('i32.ge_u').op('if');
  code
    .i32(0)
    .get(seconds)
    .i32(1)
    .op('i32.add')
    .op('i32.store', 4 * STATE.until)
    .op('end');
  code.get(count).i32(1).op('i32.add').set(count).get(next).set(start);
  code
    .op('br', code.depth - again)
    .op('end')
    .op('end');
  const leave = (why: number) => {
    code
      .i32(0)
      .get(start)
      .op('i32.store', 4 * STATE.start)
      .i32(0)
      .get(count)
      .op('i32.store', 4 * STATE.count);
    code.i32(why).op('return');
  };
  leave(STOPPED.here);
  code.op('end');
  leave(STOPPED.atBlock);
  return code.op('unreachable').bytes;
}
