/** Fields of a context that belongs to a packet of a capture: places of the packet, its lengths, or constants. */

import type { PacketEvent, ProgramType } from '../../ebpf/index.js';
import type { CodeWriter } from '../../wasm/index.js';
import { PACKET_LENGTH, PACKET_START } from './emitter.js';

type EmitField = (code: CodeWriter) => void;

/**
 * What leaves a field on the stack, by offset and size; `undefined` for those that take memory.
 *
 * @param emitWire - Leaves the packet's length on the wire.
 * @param metadata - That of all packets.
 */
export function fieldOf(
  { fields, contextSize }: ProgramType,
  emitWire: EmitField,
  metadata: PacketEvent['metadata'] = {},
): (offset: number, size: number) => EmitField | undefined {
  const packet = {
    packetAddress: 0,
    metaAddress: 0,
    contextAddress: 0,
    capturedLength: 0,
    wireLength: 0,
    metadata,
  };
  return (offset, size) => {
    const touched = fields.filter(
      (field) => offset < field.offset + field.size && field.offset < offset + size,
    );
    if (offset + size > contextSize) return undefined;
    const [field] = touched;
    if (field === undefined) return size > 4 ? undefined : (code) => void code.i32(0);
    if (touched.length > 1 || field.offset !== offset || field.size !== size || size !== 4) return undefined;
    switch (field.is) {
      case 'packetStart':
        return (code) => void code.get(PACKET_START);
      case 'packetEnd':
        return (code) => void code.get(PACKET_START).get(PACKET_LENGTH).op('i32.add');
      case 'wireLength':
        return emitWire;
      case undefined: {
        const value = field.value(packet);
        return (code) => void code.i32(value | 0);
      }
    }
  };
}
