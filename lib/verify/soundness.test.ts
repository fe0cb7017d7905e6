/** No program that verifies may ever fault: vectors and their mutants, run on random packets. */

import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { attach } from '../ebpf/attach.js';
import { fromBytes, type Program, type Slot } from '../ebpf/instruction.js';
import { RuntimeFault } from '../ebpf/memory.js';
import { programTypeOf } from '../ebpf/programTypes.js';
import { generator } from '../testing/random.js';
import { fullRun, vectors } from '../testing/vectors.js';
import type { VerifiedType } from './context.js';
import { verify } from './verifier.js';

interface Row {
  readonly id: string;
  readonly insns?: readonly string[];
  readonly insns_gz?: string;
  readonly maps: readonly unknown[];
  readonly scope: string;
  readonly n: number;
}

const NUMBERS = [
  0, 1, 2, 4, 8, 14, 16, 34, 64, 255, 256, 512, -1, -4, -8, -16, -512, 0x7fff_ffff, -0x8000_0000,
];

/** One field of one slot is something else, or a slot stands in another's place. */
function mutate(program: Program, random: (below: number) => number): Program {
  const slots = program.map((slot): Slot => ({ ...slot }));
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(slots.length);
    const slot = slots[at]!;
    switch (random(7)) {
      case 0:
        slots[at] = { ...slot, imm: NUMBERS[random(NUMBERS.length)]! };
        break;
      case 1:
        slots[at] = { ...slot, offset: NUMBERS[random(NUMBERS.length - 2)]! };
        break;
      case 2:
        slots[at] = { ...slot, dst: random(11) };
        break;
      case 3:
        slots[at] = { ...slot, src: random(11) };
        break;
      case 4:
        slots[at] = { ...slot, opcode: slot.opcode ^ (1 << random(8)) };
        break;
      case 5:
        slots[at] = { ...slots[random(slots.length)]! };
        break;
      case 6:
        slots[at] = { ...slot, offset: slot.offset + random(5) - 2 };
        break;
    }
  }
  return slots;
}

/** What `LD_ABS` and helpers leave to chance is the same each time. */
const SERVICES = { clock: () => 12345n, random: () => 0.37, trace: () => {} };

function fault(program: Program, type: VerifiedType, random: (below: number) => number): string | undefined {
  const row = programTypeOf(type);
  const run = attach(program, row, { unverified: true, ...SERVICES, definition: true, budget: 2_000_000 });
  for (let round = 0; round < 3; round++) {
    const bytes = Uint8Array.from({ length: random(80) }, () => random(256));
    try {
      run(bytes, 0, bytes.length, bytes.length, { packetType: random(5), vlanTci: random(4096) });
    } catch (error) {
      if (!(error instanceof RuntimeFault)) throw error;
      // The engine keeps packets read-only, where the kernel lets XDP and tc write.
      if (error.kind === 'read-only' && error.region === 'packet') continue;
      if (error.kind === 'unknown-helper') return undefined;
      return error.message;
    }
  }
  return undefined;
}

test('mutants that verify do not fault', (t) => {
  const rows = vectors<Row>(t, 'vectors/kernel/verifier.jsonl', 600).filter(
    ({ maps, n }) => maps.length === 0 && n < 200,
  );
  const rounds = Number(process.env.WEIR_FUZZ ?? (fullRun ? 60 : 6));
  const random = generator(Number(process.env.WEIR_SEED ?? 20_261_123));
  let accepted = 0;
  let tried = 0;
  for (const row of rows) {
    const bytes =
      row.insns === undefined
        ? gunzipSync(Buffer.from(row.insns_gz!, 'base64'))
        : Buffer.from(row.insns.join(''), 'hex');
    const original = fromBytes(new Uint8Array(bytes));
    for (let round = 0; round < rounds; round++) {
      const program = round === 0 ? original : mutate(original, random);
      const type = (['xdp', 'sched_cls', 'socket_filter'] as const)[random(3)]!;
      const privileged = random(4) !== 0;
      tried++;
      if (!verify(program, { type, privileged, budget: 20_000 }).accepted) continue;
      accepted++;
      const found = fault(program, type, random);
      if (found !== undefined) t.fail(`${row.id} as ${type}: ${found}\n${JSON.stringify(program)}`);
    }
  }
  t.log(`${tried} programs, ${accepted} accepted, none faulted`);
  t.pass();
});
