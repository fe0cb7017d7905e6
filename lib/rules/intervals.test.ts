/** Intervals beside a search through their starts. */

import test from 'ava';
import fc from 'fast-check';
import { assertProperty } from '../testing/property.js';
import { Intervals } from './intervals.js';

const near = (value: number) => fc.integer({ min: -2, max: 2 }).map((by) => (value + by) >>> 0);
/** Whole halves, whole blocks, any number, and their neighbours. */
const number = fc
  .oneof(
    fc.nat(0xffff).map((half) => half * 0x1_0000),
    fc.nat(0xff).map((block) => 0x0a80_0000 + block * 0x100),
    fc.nat(0x3ff).map((low) => 0x0a80_0100 + low),
    fc.constantFrom(0, 0xffff_ffff, 0x8000_0000),
  )
  .chain(near);

test('each number is in the last interval that begins at or below it', (t) => {
  const property = fc.property(fc.array(number, { maxLength: 60 }), fc.array(number), (some, asked) => {
    const starts = [...new Set([0, ...some])].sort((one, two) => one - two);
    const intervals = new Intervals(starts);
    for (const value of [...asked, ...starts, ...starts.map((start) => (start - 1) >>> 0)])
      if (intervals.placeOf(value) !== starts.findLastIndex((start) => start <= value)) return false;
    return true;
  });
  assertProperty(t, property, { numRuns: 200 });
  t.pass();
});
