import test from 'ava';
import fc from 'fast-check';
import wabt from 'wabt';
import { assertProperty } from '../testing/property.js';
import { CodeWriter } from './code.js';
import { readSigned64, readUnsigned, writeSigned, writeSigned64, writeUnsigned } from './leb128.js';
import { encodeModule, type WasmModule } from './module.js';
import { INSTRUCTIONS, type InstructionName, type ValueType } from './opcodes.js';
import { printModule } from './text.js';

test('integers are written as the specification says and read back', (t) => {
  const written = (write: (bytes: number[]) => void): string => {
    const bytes: number[] = [];
    write(bytes);
    return Buffer.from(bytes).toString('hex');
  };
  // The examples of DWARF 5, figures 22 and 23, where LEB128 comes from.
  t.is(
    written((b) => writeUnsigned(b, 12857)),
    'b964',
  );
  t.is(
    written((b) => writeSigned(b, -129)),
    'ff7e',
  );
  t.is(
    written((b) => writeSigned64(b, 128n)),
    '8001',
  );
  assertProperty(
    t,
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const bytes: number[] = [];
      writeSigned64(bytes, value);
      t.is(readSigned64({ bytes, at: 0 }), value);
      const low = Number(BigInt.asUintN(32, value));
      const more: number[] = [];
      writeUnsigned(more, low);
      t.is(readUnsigned({ bytes: more, at: 0 }), low);
    }),
  );
});

const EMPTY: WasmModule = { imports: [], memoryPages: 1, globals: [], functions: [], exports: [] };

/** A module with a function for each row whose type says all: operands are parameters. */
function everyInstruction(): WasmModule {
  const functions = INSTRUCTIONS.filter(({ type }) => type.includes('->')).map(
    ({ name, type, immediate }) => {
      const [params, results] = type
        .split('->')
        .map((side) => side.split(' ').filter((word) => word !== '') as ValueType[]);
      const code = new CodeWriter();
      params!.forEach((_, index) => {
        code.get(index);
      });
      if (immediate === 'i64') code.i64(-5_000_000_000n);
      else code.op(name as InstructionName, immediate === 'none' ? 0 : 77);
      return {
        name,
        params: params!.map((value, index) => ({ name: `p${index}`, type: value })),
        results: results!,
        locals: [],
        body: code.bytes,
      };
    },
  );
  return { ...EMPTY, functions };
}

/** Control, calls, variables, in one function. */
function everyConstruct(): WasmModule {
  const code = new CodeWriter();
  code.op('block').op('loop').get(0).i32(3).op('i32.gt_u').op('br_if', 1);
  code.op('block').op('block').get(0).table([0, 1], 0).op('end').op('end');
  code.get(0).op('call', 0).set(0).op('global.get', 0).op('global.set', 0).op('br', 0).op('end').op('end');
  code.get(0).op('if').op('nop').op('else').op('unreachable').op('end');
  code.get(0).ifResult('i32').i32(-1).op('else').i32(2).op('end').tee(1).op('return');
  return {
    imports: [{ module: 'host', name: 'next', type: { params: ['i32'], results: ['i32'] } }],
    memoryPages: 2,
    globals: [{ name: 'fuel', type: 'i64', value: -7n }],
    functions: [
      {
        name: 'main',
        params: [{ name: 'a', type: 'i32' }],
        results: ['i32'],
        locals: [
          { name: 'b', type: 'i32' },
          { name: 'c', type: 'i32' },
          { name: 'd', type: 'i64' },
        ],
        body: code.bytes,
      },
    ],
    exports: [
      { name: 'run', kind: 'func', index: 1 },
      { name: 'fuel', kind: 'global', index: 0 },
    ],
  };
}

const sameAsWabt = test.macro(async (t, module: WasmModule) => {
  const bytes = encodeModule(module);
  t.true(WebAssembly.validate(bytes));
  const parsed = (await wabt()).parseWat('module.wat', printModule(module));
  parsed.validate();
  t.is(Buffer.from(parsed.toBinary({}).buffer).toString('hex'), Buffer.from(bytes).toString('hex'));
});
test('every instruction: valid, and the text assembles to the same bytes', sameAsWabt, everyInstruction());
test(
  'control, calls, globals: valid, and the text assembles to the same bytes',
  sameAsWabt,
  everyConstruct(),
);
