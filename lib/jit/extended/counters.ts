/**
 * What compiled eBPF counts: how often runs of instructions ran, each of which runs as a whole or not at all in a program
 * that a verifier admits. A block is one, unless something in it may end the program.
 */

import type { CodeWriter } from '../../wasm/index.js';
import type { Placed } from './ebpfFlow.js';

/** Instructions that may be the last to run although others follow. */
const MAY_END: ReadonlySet<string> = new Set(['call', 'callLocal', 'callRegister', 'packet']);

export class RunCounters {
  /** The slots that each counter counts. */
  private readonly runs: number[][] = [];
  private readonly first: number;

  /** @param first - Index of the first global that is free. */
  constructor(first: number) {
    this.first = first;
  }

  /** Counts what follows, where it is a block's first instruction or comes behind one that may end the program. */
  note(code: CodeWriter, { index }: Placed, before: Placed | undefined): void {
    if (before === undefined || MAY_END.has(before.instruction.kind)) {
      const counter = this.first + this.runs.length;
      this.runs.push([]);
      code.op('global.get', counter).i64(1n).op('i64.add').op('global.set', counter);
    }
    this.runs.at(-1)!.push(index);
  }

  private get names(): readonly string[] {
    return this.runs.map((_, counter) => `count${counter}`);
  }

  get globals() {
    return this.names.map((name) => ({ name, type: 'i64', value: 0n }) as const);
  }

  get exports() {
    const kind = 'global' as const;
    return this.names.map((name, counter) => ({ name, kind, index: this.first + counter }));
  }

  /** How often each of `size` slots has run. */
  read(exported: WebAssembly.Exports, size: number): Float64Array {
    const ran = new Float64Array(size);
    for (const [counter, slots] of this.runs.entries()) {
      const times = Number((exported[`count${counter}`] as WebAssembly.Global).value);
      for (const slot of slots) ran[slot]! += times;
    }
    return ran;
  }
}
