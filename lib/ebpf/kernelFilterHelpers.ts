/** What converted classic filters call: functions that no other program knows. */

import { extensions, headerRelative } from '../cbpf/index.js';
import { answer, answerUnsigned, type HelperFunction } from './helpers.js';
import { INTERNAL_HELPER, type PacketEvent } from './programTypes.js';

const EFAULT = 14;

/**
 * What converted filters call (Linux net/core/filter.c): loads that may lie outside the linear part,
 * with context, data, length and offset in r1–r4; and extensions, with A and X in r2 and r3.
 */
export function kernelFilterHelpers(
  event: PacketEvent,
  packet: { readonly bytes: Uint8Array; readonly start: number; readonly length: number },
): ReadonlyMap<number, HelperFunction> {
  const loadOf =
    (size: 1 | 2 | 4): HelperFunction =>
    (machine) => {
      const offset = machine.low[4]!;
      const at = offset >= 0 ? offset : headerRelative(offset, event.metadata);
      if (at < 0 || at + size > packet.length) return answer(machine, -EFAULT);
      let value = 0;
      for (let i = 0; i < size; i++) value = (value << 8) | packet.bytes[packet.start + at + i]!;
      return answerUnsigned(machine, value);
    };
  const extension = (name: string): HelperFunction => {
    const { read } = extensions().find((row) => row.name === name)!;
    return (machine) => {
      const { bytes, start } = packet;
      const { capturedLength, metadata } = event;
      const [a, x] = [machine.low[2]! >>> 0, machine.low[3]! >>> 0];
      return answerUnsigned(machine, read({ a, x, bytes, start, capturedLength, metadata }) ?? 0);
    };
  };
  return new Map([
    [INTERNAL_HELPER.load1, loadOf(1)],
    [INTERNAL_HELPER.load2, loadOf(2)],
    [INTERNAL_HELPER.load4, loadOf(4)],
    [INTERNAL_HELPER.payloadOffset, extension('poff')],
    [INTERNAL_HELPER.attribute, extension('nla')],
    [INTERNAL_HELPER.nestedAttribute, extension('nlan')],
    [INTERNAL_HELPER.processor, extension('cpu')],
    [INTERNAL_HELPER.random, extension('rand')],
  ]);
}
