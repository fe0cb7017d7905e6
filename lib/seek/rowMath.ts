/** Rows of bits that are combined: in WebAssembly, which is fast from the first call on, where there is any. */

import { canCompileWebAssembly } from '../jit/index.js';
import { CodeWriter, encodeModule, MEMORY_IMPORT } from '../wasm/index.js';

/** Rows of one length in memory that grows, named by their numbers. */
export class RowMath {
  /** Bytes of a row, and from one to the next: a multiple of 8. */
  readonly stride: number;
  private memory: { readonly buffer: ArrayBuffer; grow(pages: number): unknown };
  private readonly combine: Combine;

  /** @param size - Bytes of a row. */
  constructor(size: number) {
    this.stride = (size + 7) & -8;
    if (canCompileWebAssembly()) {
      const memory = new WebAssembly.Memory({ initial: FIRST_PAGES });
      this.memory = memory;
      this.combine = compiled(memory);
    } else {
      this.memory = plainMemory();
      this.combine = (to, from, length, isOr) => combinePlainly(this.memory.buffer, to, from, length, isOr);
    }
  }

  /** The bytes of a row, until another one is asked for. */
  bytes(row: number): Uint8Array<ArrayBuffer> {
    const { stride } = this;
    const missing = (row + 1) * stride - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.max(Math.ceil(missing / PAGE), FIRST_PAGES));
    return new Uint8Array(this.memory.buffer, row * stride, stride);
  }

  /** `to` becomes `to` and `from`. Gives whether any bit is left of the first bytes, a multiple of 8. */
  and(to: number, from: number, length: number): boolean {
    return this.combine(to * this.stride, from * this.stride, length, 0) !== 0;
  }

  /** `to` becomes `to` or `from`. */
  or(to: number, from: number, length: number): void {
    this.combine(to * this.stride, from * this.stride, length, 1);
  }
}

/** Combines bytes at addresses; gives 0 where no bit is set then. */
type Combine = (to: number, from: number, length: number, isOr: number) => number;

const PAGE = 65_536;
const FIRST_PAGES = 4;

function compiled(memory: WebAssembly.Memory): Combine {
  const code = new CodeWriter();
  const [to, from, end, isOr, any, value] = [0, 1, 2, 3, 4, 5] as const;
  code.get(end).i32(0).op('i32.eq').op('if').i32(0).op('return').op('end');
  code.get(to).get(end).op('i32.add').set(end).op('loop');
  code.get(to).op('i64.load').get(from).op('i64.load').op('i64.or');
  code.get(to).op('i64.load').get(from).op('i64.load').op('i64.and');
  code.get(isOr).op('select').set(value).get(to).get(value).op('i64.store');
  code.get(any).get(value).op('i64.or').set(any).get(from).i32(8).op('i32.add').set(from);
  code.get(to).i32(8).op('i32.add').tee(to).get(end).op('i32.lt_u').op('br_if', 0).op('end');
  code.get(any).i64(0n).op('i64.ne');
  const named = (names: string, type: 'i32' | 'i64') => names.split(' ').map((name) => ({ name, type }));
  const module = encodeModule({
    imports: [],
    memoryPages: 1,
    globals: [],
    functions: [
      {
        name: 'combine',
        params: named('to from end isOr', 'i32'),
        results: ['i32'],
        locals: named('any value', 'i64'),
        body: code.bytes,
      },
    ],
    exports: [{ name: 'combine', kind: 'func', index: 0 }],
  });
  const imports = { [MEMORY_IMPORT.module]: { [MEMORY_IMPORT.name]: memory } };
  return new WebAssembly.Instance(new WebAssembly.Module(module), imports).exports.combine as Combine;
}

/** The slow way that the fast one is held to. */
export function combinePlainly(
  buffer: ArrayBuffer,
  to: number,
  from: number,
  length: number,
  isOr: number,
): number {
  const [one, other] = [to, from].map((at) => new Int32Array(buffer, at, length / 4)) as [
    Int32Array,
    Int32Array,
  ];
  let any = 0;
  for (let at = 0; at < one.length; at++) {
    one[at] = isOr === 0 ? one[at]! & other[at]! : one[at]! | other[at]!;
    any |= one[at]!;
  }
  return any;
}

function plainMemory() {
  let buffer = new ArrayBuffer(FIRST_PAGES * PAGE);
  return {
    get buffer() {
      return buffer;
    },
    grow(pages: number) {
      const larger = new Uint8Array(buffer.byteLength + pages * PAGE);
      larger.set(new Uint8Array(buffer));
      ({ buffer } = larger);
    },
  };
}
