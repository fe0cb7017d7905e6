/**
 * No program that verifies may ever do harm: the kernel's tests and their mutants, random programs that
 * are plausible, and small ones in which much hangs on one number. `WEIR_FUZZ` multiplies their number.
 */

import test from 'ava';
import { disassemble, type Program, type Slot } from '../ebpf/index.js';
import { packetProgram } from '../testing/packetPrograms.js';
import { plausibleProgram } from '../testing/plausiblePrograms.js';
import { generator, type Random } from '../testing/random.js';
import { unsafety } from '../testing/safety.js';
import { tangledProgram } from '../testing/tangledPrograms.js';
import { fullRun } from '../testing/vectors.js';
import { programOf, verifierRows } from '../testing/verifierVectors.js';
import type { VerifiedType } from './rules/context.js';
import { verify, verifyObserved } from './walk/verifier.js';

const NUMBERS = [
  0, 1, 2, 4, 8, 14, 16, 34, 64, 255, 256, 512, -1, -4, -8, -16, -512, 0x7fff_ffff, -0x8000_0000,
];
const TYPES: readonly VerifiedType[] = ['xdp', 'sched_cls', 'socket_filter'];
const BUDGET = 20_000;

/** One field of one slot is something else, or a slot stands in another's place. */
function mutate(program: Program, random: Random): Program {
  const slots = program.map((slot): Slot => ({ ...slot }));
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(slots.length);
    const slot = slots[at]!;
    const changes: readonly (() => Slot)[] = [
      () => ({ ...slot, imm: NUMBERS[random(NUMBERS.length)]! }),
      () => ({ ...slot, offset: NUMBERS[random(NUMBERS.length - 2)]! }),
      () => ({ ...slot, dst: random(11) }),
      () => ({ ...slot, src: random(11) }),
      () => ({ ...slot, opcode: slot.opcode ^ (1 << random(8)) }),
      () => ({ ...slots[random(slots.length)]! }),
      () => ({ ...slot, offset: slot.offset + random(5) - 2 }),
    ];
    slots[at] = changes[random(changes.length)]!();
  }
  return slots;
}

const rounds = Number(process.env.WEIR_FUZZ ?? (fullRun ? 10 : 1));
const seed = Number(process.env.WEIR_SEED ?? 20_261_123);

interface Source {
  readonly name: string;
  readonly count: number;
  readonly program: (random: Random, type: VerifiedType) => Program;
  readonly types: readonly VerifiedType[];
}

const SOURCES: readonly Source[] = [
  {
    name: 'plausible programs',
    count: 800,
    program: plausibleProgram,
    types: TYPES,
  },
  { name: 'packet programs', count: 1000, program: packetProgram, types: ['xdp'] },
  { name: 'tangled programs', count: 1000, program: tangledProgram, types: ['socket_filter'] },
];

for (const { name, count, program: make, types } of SOURCES) {
  test(`${name} that verify do no harm, and leaving paths out changes no verdict`, (t) => {
    const random = generator(seed);
    let accepted = 0;
    for (let at = 0; at < count * rounds; at++) {
      const type = types[random(types.length)]!;
      const program = make(random, type);
      const options = { type, privileged: random(8) !== 0, budget: BUDGET };
      const told = (): string => `${type} ${JSON.stringify(options)}\n${disassemble(program)}`;
      const verdict = verify(program, options);
      const kind = verdict.rejection?.kind;
      if (kind !== 'too-complex' && kind !== 'infinite-loop') {
        const slow = verifyObserved(program, { ...options, budget: 3 * BUDGET }, { exhaustive: true });
        if (slow.rejection?.kind !== 'too-complex' && slow.accepted !== verdict.accepted)
          t.fail(
            `${slow.rejection?.message ?? 'accepted'} on all paths, ${kind ?? 'accepted'} on some: ${told()}`,
          );
      }
      if (!verdict.accepted) continue;
      accepted++;
      const harm = unsafety(program, type, random, verdict.processed);
      if (harm !== undefined) t.fail(`${harm}: ${told()}`);
    }
    t.log(`${count * rounds} programs, ${accepted} accepted`);
    t.true(accepted > (count * rounds) / 20);
  });
}

test('mutants of the tests of the kernel that verify do no harm', (t) => {
  const rows = verifierRows(t, 300).filter(({ maps, n }) => maps.length === 0 && n < 200);
  const random = generator(seed);
  let accepted = 0;
  let tried = 0;
  for (const row of rows) {
    const original = programOf(row);
    if (original === undefined) continue;
    for (let round = 0; round < 6 * rounds; round++) {
      const program = round === 0 ? original : mutate(original, random);
      const type = TYPES[random(TYPES.length)]!;
      tried++;
      const verdict = verify(program, { type, rules: 'sound', privileged: random(4) !== 0, budget: BUDGET });
      if (!verdict.accepted) continue;
      accepted++;
      const harm = unsafety(program, type, random, verdict.processed);
      if (harm !== undefined) t.fail(`${row.id} as ${type}: ${harm}\n${JSON.stringify(program)}`);
    }
  }
  t.log(`${tried} programs, ${accepted} accepted`);
  t.pass();
});
