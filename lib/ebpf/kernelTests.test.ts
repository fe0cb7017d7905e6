/**
 * The kernel's own tests of its eBPF interpreter and JITs, on the definition and the interpreter. Like
 * there they run without a verifier: a few have unreachable code at their end that no checker lets pass.
 */

import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { fromHex } from '../testing/programs.js';
import { Tally, vectors } from '../testing/vectors.js';
import { attach } from './attach.js';
import type { HelperFunction } from './helpers.js';
import { fromBytes, type Program, type Slot } from './instruction.js';
import { loadProgram } from './interpreter.js';
import { execute } from './machine.js';
import { createProgramArray } from './maps.js';
import { Memory } from './memory.js';
import { programTypeOf } from './programTypes.js';
import { makeHelpers } from './runtime/index.js';

interface KernelTestRow {
  readonly id: string;
  readonly descr: string;
  readonly kind: string;
  readonly insns?: readonly string[];
  readonly insns_gz?: string;
  readonly ctx: 'none' | 'skb' | 'mem';
  readonly data?: string;
  readonly tests: readonly { readonly size: number; readonly result: number }[];
}

const programOf = ({ insns, insns_gz }: KernelTestRow): Program =>
  fromBytes(
    insns === undefined
      ? new Uint8Array(gunzipSync(Buffer.from(insns_gz!, 'base64')))
      : fromHex(insns.join('')),
  );

const BUDGET = 20_000_000;

function resultOf(row: KernelTestRow, program: Program, size: number, definition: boolean): number {
  if (row.ctx === 'skb') {
    const bytes = fromHex((row.data ?? '').slice(0, size * 2).padEnd(size * 2, '0'));
    const run = attach(program, programTypeOf('kernel_filter'), {
      unverified: true,
      definition,
      budget: BUDGET,
    });
    return run(bytes, 0, size, size, { protocol: 0x0800 });
  }
  const memory = new Memory();
  const { base } = memory.add('memory', new Uint8Array(size), { writable: true });
  const environment = { memory, helpers: new Map(), budget: BUDGET, lenient: true };
  const argument = row.ctx === 'mem' ? base : 0;
  if (definition) return Number(execute(program, environment, [BigInt(argument)]).result & 0xffff_ffffn);
  const { run, low } = loadProgram(program, environment);
  run(argument, 0);
  return low[0]! >>> 0;
}

for (const name of ['definition', 'interpreter']) {
  test(`the kernel's own tests of the extended machine pass in the ${name}`, (t) => {
    const tally = new Tally(`kernel/test_bpf (eBPF rows, ${name})`);
    for (const row of vectors<KernelTestRow>(
      t,
      'vectors/kernel/test_bpf.jsonl',
      name === 'definition' ? 120 : 620,
    )) {
      if (row.kind !== 'ebpf') continue;
      const program = programOf(row);
      for (const { size, result } of row.tests) {
        const actual = resultOf(row, program, size, name === 'definition');
        tally.check(
          actual === result,
          () => `${row.id} ${row.descr}, ${size} bytes: ${actual}, not ${result}`,
        );
      }
    }
    tally.finish(t);
  });
}

interface TailCallRow {
  readonly index: number;
  readonly descr: string;
  readonly insns: readonly string[];
  readonly need_state: boolean;
  readonly result_in_state: boolean;
  readonly result: number;
}

/** Stands for the program array, and in moves to r3 for the row's own index, in these vectors. */
const MARK = 0x7a11ca11;
const TAIL_CALL_OPCODE = 0xf5;
const NULL_ENTRY = 0x7fff;
const ARRAY_HANDLE = 1;
const MAP_FD = 1;

/** Puts the array, the index and the call into a row's program. */
function link({ insns, index }: TailCallRow, nullEntry: number, beyond: number): Program {
  return fromBytes(fromHex(insns.join(''))).map((slot): Slot => {
    const { opcode, dst, src, offset, imm } = slot;
    if (opcode === TAIL_CALL_OPCODE) return { opcode: 0x85, dst: 0, src: 0, offset: 0, imm: 12 };
    if (opcode === 0x18 && imm === MARK) return { opcode, dst, src: MAP_FD, offset: 0, imm: ARRAY_HANDLE };
    if (opcode === 0xb4 && imm === MARK) {
      const entry = offset === NULL_ENTRY ? nullEntry : offset === NULL_ENTRY - 1 ? beyond : index + offset;
      return { opcode, dst, src, offset: 0, imm: entry };
    }
    return opcode === 0x85 ? { ...slot, src: 0 } : slot;
  });
}

function tailCalls(t: ExecutionContext, definition: boolean): void {
  const tally = new Tally(`kernel/test_bpf_tailcall (${definition ? 'definition' : 'interpreter'})`);
  const rows = vectors<TailCallRow>(t, 'vectors/kernel/test_bpf_tailcall.jsonl');
  const programs: (Program | undefined)[] = rows.map((row) => link(row, rows.length, rows.length + 1));
  const maps = new Map([[ARRAY_HANDLE, createProgramArray('programs', [...programs, undefined])]]);
  const nothing: HelperFunction = () => undefined;
  const others = [
    ...new Set(
      rows.flatMap((row) =>
        fromBytes(fromHex(row.insns.join('')))
          .filter(({ opcode }) => opcode === 0x85)
          .map(({ imm }) => imm),
      ),
    ),
  ];
  const helpers = new Map([
    ...others.map((number): [number, HelperFunction] => [number, nothing]),
    ...makeHelpers({ maps }),
  ]);
  for (const row of rows) {
    const memory = new Memory();
    const state = memory.add('state', new Uint8Array(4), { writable: true });
    const environment = { memory, helpers, resolveWide: () => BigInt(ARRAY_HANDLE), lenient: true };
    const program = programs[row.index]!;
    const argument = row.need_state ? state.base : 0;
    let result = 0;
    const { run, low } = loadProgram(program, environment);
    for (let round = 0; round < (row.result_in_state ? 1000 : 1); round++) {
      if (definition)
        result = Number(execute(program, environment, [BigInt(argument)]).result & 0xffff_ffffn);
      else {
        run(argument, 0);
        result = low[0]! >>> 0;
      }
    }
    if (row.result_in_state) result = state.view.getUint32(0, true);
    tally.check(result === row.result, () => `${row.descr}: ${result}, not ${row.result}`);
  }
  tally.finish(t);
}

test('tail calls in the definition', (t) => tailCalls(t, true));
test('tail calls in the interpreter', (t) => tailCalls(t, false));
