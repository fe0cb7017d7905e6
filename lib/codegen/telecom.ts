/**
 * ATM cells as SunATM delivers them, and Signalling System 7.
 *
 * SunATM: a 4-byte header (direction and cell kind, VPI, VCI), then the AAL5 frame. SS7: ITU-T Q.703 (message
 * signal units) and Q.704 (routing label), little-endian fields that do not end on byte borders.
 */

import type { AtmType, FieldTest, Mtp2Type, Mtp3Field } from '../syntax/index.js';
import { and, anyOf, type Condition, or } from './condition.js';
import type { Context } from './context.js';
import { enterLane } from './encapsulation.js';
import { ATM_CELL, atmCell } from './linkTest.js';
import { type Comparison, compare } from './load.js';

const ANY_BITS = 0xffff_ffff;
const VPI_OFFSET = 1;
const VCI_OFFSET = 2;
const FRAME_OFFSET = 4;
/** Q.2931 message type, from the start of the frame. */
const MESSAGE_TYPE = 5;

const vpi = (context: Context, value: number, op: Comparison = '='): Condition =>
  compare(context, 'link', VPI_OFFSET, 1, value, ANY_BITS, op);
const vci = (context: Context, value: number, op: Comparison = '='): Condition =>
  compare(context, 'link', VCI_OFFSET, 2, value, ANY_BITS, op);

/** Well-known circuits of VPI 0: ATM Forum UNI 3.1. */
const CIRCUITS: ReadonlyMap<AtmType, number> = new Map([
  ['metac', 1],
  ['bcc', 2],
  ['oamf4sc', 3],
  ['oamf4ec', 4],
  ['sc', 5],
  ['ilmic', 16],
]);

/** Q.2931 §4.4. */
const SETUP = 0x05;
const CALL_PROCEEDING = 0x02;
const CONNECT = 0x07;
const CONNECT_ACK = 0x0f;
const RELEASE = 0x4d;
const RELEASE_COMPLETE = 0x5a;

export function atmTest(context: Context, type: AtmType): Condition {
  requireAtm(context, type);
  const circuit = CIRCUITS.get(type);
  if (circuit !== undefined) return and(vpi(context, 0), vci(context, circuit));
  switch (type) {
    case 'lane': {
      const lane = atmCell(context, ATM_CELL.LANE);
      enterLane(context, FRAME_OFFSET + 2);
      return lane;
    }
    case 'oam':
    case 'oamf4':
      return and(vpi(context, 0), or(vci(context, 3), vci(context, 4)));
    case 'connectmsg':
      return signalling(context, 'sc', [
        RELEASE_COMPLETE,
        RELEASE,
        CONNECT_ACK,
        CONNECT,
        SETUP,
        CALL_PROCEEDING,
      ]);
    default:
      return signalling(context, 'metac', [RELEASE_COMPLETE, RELEASE, CONNECT, SETUP, CALL_PROCEEDING]);
  }
}

function signalling(context: Context, circuit: 'sc' | 'metac', types: readonly number[]): Condition {
  const [first, ...rest] = types.map((type) =>
    compare(context, 'link', FRAME_OFFSET + MESSAGE_TYPE, 1, type),
  );
  return and(atmTest(context, circuit), anyOf(first!, ...rest));
}

export function atmFieldTest(context: Context, field: 'vpi' | 'vci', tests: readonly FieldTest[]): Condition {
  const [first, ...rest] = tests.map(({ op, value }) => {
    requireAtm(context, field);
    context.atMost(field.toUpperCase(), value.value, field === 'vpi' ? 0xff : 0xffff);
    return field === 'vpi' ? vpi(context, value.value, op) : vci(context, value.value, op);
  });
  return anyOf(first!, ...rest);
}

function requireAtm(context: Context, word: string): void {
  if (context.headers.row.test !== 'sunatm') context.fail(`'${word}' supported only on SUNATM`);
}

/** Length indicator: 0 for fill-in units, 1 or 2 for link status units, more for messages. */
export function mtp2Test(context: Context, type: Mtp2Type): Condition {
  const { length, lengthHsl } = requireSs7(context, type);
  // High-speed links have a 9-bit length in the upper bits of two bytes.
  const hsl = type.startsWith('h');
  const indicator = (value: number, op: Comparison) =>
    hsl
      ? compare(context, 'packet', lengthHsl, 2, value * 0x80, 0xff80, op)
      : compare(context, 'packet', length, 1, value, 0x3f, op);
  switch (hsl ? type.slice(1) : type) {
    case 'fisu':
      return indicator(0, '=');
    case 'lssu':
      return and(indicator(0, '>'), indicator(2, '<='));
    default:
      return indicator(2, '>');
  }
}

export function mtp3Test(context: Context, field: Mtp3Field, tests: readonly FieldTest[]): Condition {
  const [first, ...rest] = tests.map(({ op, value }) => mtp3FieldTest(context, field, op, value.value));
  return anyOf(first!, ...rest);
}

function mtp3FieldTest(context: Context, field: Mtp3Field, op: Comparison, value: number): Condition {
  const { sio, routing, sls } = requireSs7(context, field);
  const hsl = field.startsWith('h') ? 3 : 0;
  switch (hsl > 0 ? field.slice(1) : field) {
    case 'sio':
      context.atMost(field, value, 0xff);
      return compare(context, 'packet', sio + hsl, 1, value, ANY_BITS, op);
    case 'opc':
      // 14 bits behind the destination's 14, little-endian over four bytes.
      context.atMost(field, value, 0x3fff);
      return compare(context, 'packet', routing + hsl, 4, swap32(value * 0x4000), 0x00c0ff0f, op);
    case 'dpc':
      context.atMost(field, value, 0x3fff);
      return compare(context, 'packet', routing + hsl, 2, swap16(value), 0xff3f, op);
    default:
      context.atMost(field, value, 0x0f);
      return compare(context, 'packet', sls + hsl, 1, value * 0x10, 0xf0, op);
  }
}

const swap16 = (value: number): number => ((value & 0xff) << 8) | (value >> 8);
const swap32 = (value: number): number => swap16(value & 0xffff) * 0x1_0000 + swap16(value >>> 16);

function requireSs7(context: Context, word: string) {
  return context.headers.row.ss7 ?? context.fail(`'${word}' supported only on SS7`);
}
