/**
 * Keys and values of maps as JSON, by the types that an object's BTF has for them. Numbers that JSON cannot hold
 * exactly are texts. Read, a number may also be written as `0x…`, `192.0.2.1` or `02:00:00:00:00:01`: those are bytes
 * in the order of the network, for whatever is as long.
 */

import type { Btf } from '../elf/index.js';

/** What JSON holds. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Values that do not fit their type. */
export class MapValueError extends Error {
  override readonly name = 'MapValueError';
}

/** Longer arrays, and bytes without a type, are given as the bytes that they begin with. */
const LONGEST = 1 << 16;

function hex(bytes: Uint8Array): string {
  const shown = [...bytes.subarray(0, LONGEST)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return bytes.length <= LONGEST ? `0x${shown}` : `0x${shown}… ${bytes.length} bytes`;
}

/** Values nested deeper are given as bytes. */
const DEEPEST = 16;

/** @param type - 0 where it is not known: bytes in hex. */
export function toJson(btf: Btf | undefined, type: number, bytes: Uint8Array, depth = 0): Json {
  if (btf === undefined || type === 0 || depth > DEEPEST) return hex(bytes);
  const found = btf.bare(type);
  switch (found.kind) {
    case 'int':
    case 'ptr':
      return shown(integer(bytes, found.isSigned));
    case 'enum':
    case 'enum64': {
      const number = integer(bytes, found.isSigned);
      return found.values.find(({ value }) => value === number)?.name ?? shown(number);
    }
    case 'array': {
      const size = btf.sizeOf(found.type);
      // An array cannot be longer than the value that it is in, whatever its type says.
      const length = Math.min(found.length, size === 0 ? 0 : Math.ceil(bytes.length / size));
      if (length > LONGEST) return hex(bytes);
      return Array.from({ length }, (_, index) =>
        toJson(btf, found.type, bytes.subarray(index * size, (index + 1) * size), depth + 1),
      );
    }
    case 'struct':
    case 'union':
      return Object.fromEntries(
        found.members.map((member): [string, Json] => {
          if (member.bits > 0) return [member.name, shown(bitsOf(bytes, member.bitOffset, member.bits))];
          const at = member.bitOffset / 8;
          const part = bytes.subarray(at, at + btf.sizeOf(member.type));
          return [member.name, toJson(btf, member.type, part, depth + 1)];
        }),
      );
    case 'datasec':
      return Object.fromEntries(
        found.variables.map(({ type: variable, offset, size }): [string, Json] => {
          const { name, type: inner } = btf.type(variable);
          return [name, toJson(btf, inner, bytes.subarray(offset, offset + size), depth + 1)];
        }),
      );
    default:
      return hex(bytes);
  }
}

/** @throws MapValueError where the JSON does not fit the type. */
export function fromJson(btf: Btf | undefined, type: number, size: number, json: Json): Uint8Array {
  const bytes = new Uint8Array(size);
  fill(btf, type, bytes, json);
  return bytes;
}

function fill(btf: Btf | undefined, type: number, bytes: Uint8Array, json: Json): void {
  const found = btf === undefined || type === 0 ? undefined : btf.bare(type);
  if (typeof json === 'object' && json !== null && found !== undefined && btf !== undefined) {
    if (found.kind === 'array' && Array.isArray(json)) {
      const size = btf.sizeOf(found.type);
      if (json.length > found.length)
        throw new MapValueError(`${json.length} elements for an array of ${found.length}`);
      for (const [index, one] of json.entries())
        fill(btf, found.type, bytes.subarray(index * size, (index + 1) * size), one);
      return;
    }
    if ((found.kind === 'struct' || found.kind === 'union') && !Array.isArray(json)) {
      for (const [name, value] of Object.entries(json)) {
        const member = found.members.find((one) => one.name === name);
        if (member === undefined || member.bits > 0)
          throw new MapValueError(
            `${found.kind} ${found.name} has no member ${name}: there are ${found.members.map((one) => one.name).join(', ')}`,
          );
        const at = member.bitOffset / 8;
        fill(btf, member.type, bytes.subarray(at, at + btf.sizeOf(member.type)), value);
      }
      return;
    }
    if (found.kind === 'datasec' && !Array.isArray(json)) {
      for (const [name, value] of Object.entries(json)) {
        const row = found.variables.find(({ type: variable }) => btf.type(variable).name === name);
        if (row === undefined) throw new MapValueError(`${found.name} has no variable ${name}`);
        fill(btf, btf.type(row.type).type, bytes.subarray(row.offset, row.offset + row.size), value);
      }
      return;
    }
  }
  const named = typeof json === 'string' ? found?.values.find(({ name }) => name === json)?.value : undefined;
  if (named !== undefined) put(bytes, named);
  else if (typeof json === 'boolean') put(bytes, json ? 1n : 0n);
  else if (typeof json === 'number' && Number.isSafeInteger(json)) put(bytes, BigInt(json));
  else if (typeof json === 'string') putText(bytes, json);
  else throw new MapValueError(`${JSON.stringify(json)} is no value of ${bytes.length} bytes`);
}

/** A number, or bytes in the order of the network. */
function putText(bytes: Uint8Array, text: string): void {
  const parts = /^\d+(?:\.\d+)+$/.test(text)
    ? text.split('.').map(Number)
    : /^[0-9a-f]{1,2}(?::[0-9a-f]{1,2})+$/i.test(text)
      ? text.split(':').map((part) => Number.parseInt(part, 16))
      : /^0x(?:[0-9a-f]{2})+$/i.test(text) && text.length - 2 === 2 * bytes.length && bytes.length > 8
        ? [...text.slice(2).matchAll(/../g)].map(([part]) => Number.parseInt(part, 16))
        : undefined;
  if (parts !== undefined) {
    if (parts.length !== bytes.length || parts.some((part) => part > 0xff))
      throw new MapValueError(`'${text}' is not of ${bytes.length} bytes`);
    bytes.set(parts);
  } else if (/^-?(?:0x[0-9a-f]+|\d+)$/i.test(text)) {
    const isNegative = text.startsWith('-');
    const number = BigInt(isNegative ? text.slice(1) : text);
    put(bytes, isNegative ? -number : number);
  } else throw new MapValueError(`'${text}' is no value of ${bytes.length} bytes`);
}

function put(bytes: Uint8Array, value: bigint): void {
  const bits = BigInt(8 * bytes.length);
  if (value >= 1n << bits || value < -(1n << (bits - 1n)))
    throw new MapValueError(`${value} does not fit ${bytes.length} bytes`);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number((value >> BigInt(8 * at)) & 0xffn);
}

function integer(bytes: Uint8Array, isSigned: boolean): bigint {
  let value = 0n;
  for (const [at, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(8 * at);
  return isSigned ? BigInt.asIntN(8 * bytes.length, value) : value;
}

const bitsOf = (bytes: Uint8Array, from: number, bits: number): bigint =>
  (integer(bytes, false) >> BigInt(from)) & ((1n << BigInt(bits)) - 1n);

const shown = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`;

/** What C calls the place in a value: `.counts[2].packets`, `total` of variables; empty where nothing begins there. */
export function fieldAt(btf: Btf, type: number, offset: number, depth = 0): string {
  const found = btf.bare(type);
  if (depth > DEEPEST || offset < 0) return '';
  if (found.kind === 'array') {
    const size = btf.sizeOf(found.type);
    if (size === 0) return '';
    const index = Math.floor(offset / size);
    return index < found.length
      ? `[${index}]${fieldAt(btf, found.type, offset - index * size, depth + 1)}`
      : '';
  }
  if (found.kind === 'struct') {
    const member = found.members.findLast(
      ({ bitOffset, type: inner }) => bitOffset / 8 <= offset && offset < bitOffset / 8 + btf.sizeOf(inner),
    );
    if (member === undefined) return '';
    return `.${member.name}${fieldAt(btf, member.type, offset - member.bitOffset / 8, depth + 1)}`;
  }
  if (found.kind === 'datasec') {
    const row = found.variables.find((one) => one.offset <= offset && offset < one.offset + one.size);
    const variable = row && btf.type(row.type);
    return row === undefined || variable === undefined
      ? ''
      : `${variable.name}${fieldAt(btf, variable.type, offset - row.offset, depth + 1)}`;
  }
  return '';
}
