import test from 'ava';
import { assemble } from '../../ebpf/index.js';
import { Tally, vectors } from '../../testing/vectors.js';
import { isStrict, mapsOf, programOf, typeOf, verifierRows } from '../../testing/verifierVectors.js';
import { verifyLogged } from './log.js';

const LOOKS_ON = assemble(`
  ldxw %r2, [%r1+76]
  ldxw %r3, [%r1+80]
  mov %r0, 0
  mov %r4, %r2
  add %r4, 14
  jgt %r4, %r3, out
  ldxb %r0, [%r2+14]
out:
  exit
`);

test('level 2 has every path, up to the instruction that is refused', (t) => {
  const { verdict, log } = verifyLogged(LOOKS_ON, { type: 'sched_cls' }, 2);
  t.false(verdict.accepted);
  t.is(
    log,
    `0: R1=ctx() R10=fp0
0: (61) r2 = *(u32 *)(r1 +76)         ; R1=ctx() R2=pkt(r=0)
1: (61) r3 = *(u32 *)(r1 +80)         ; R1=ctx() R3=pkt_end()
2: (b7) r0 = 0                        ; R0=0
3: (bf) r4 = r2                       ; R2=pkt(r=0) R4=pkt(r=0)
4: (07) r4 += 14                      ; R4=pkt(off=14,r=0)
5: (2d) if r4 > r3 goto pc+1          ; R3=pkt_end() R4=pkt(off=14,r=14)
6: (71) r0 = *(u8 *)(r2 +14)
${verdict.rejection!.message} [outside-packet]
remedy: ${verdict.rejection!.remedy}
processed 7 insns (limit 1000000)
`,
  );
});

test('level 1 has the path that is refused, and nothing of those that end well', (t) => {
  // The first way out is fine; the other one, taken up last, is not.
  const program = assemble(`
  mov %r0, 0
  ldxw %r2, [%r1+0]
  jeq %r2, 7, bad
  exit
bad:
  mov %r0, %r5
  exit
`);
  const { log } = verifyLogged(program, { type: 'socket_filter' }, 1);
  t.notRegex(log, /^3: /m);
  t.regex(log, /^2: .* if r2 == 0x7 .*\n4: .*\n.*\[uninitialized-register\]\n/m);
  const fine = verifyLogged(program.slice(0, 2).concat(program.slice(3, 4)), { type: 'socket_filter' }, 1);
  t.is(fine.log, 'processed 3 insns (limit 1000000)\n');
});

interface LogRow {
  readonly id: string;
  readonly log: string;
}

/** Which number a pair of copies has is chance; `P` is what the kernel finds out later. */
const plain = (line: string): string => line.replace(/=P(?=scalar|-?\d)/g, '=').replace(/id=\d+/g, 'id=N');

test('lines are those of the kernel, word for word', (t) => {
  const tally = new Tally('verifier: lines of the log at level 2');
  const rows = new Map(verifierRows(t, Number.POSITIVE_INFINITY).map((row) => [row.id, row]));
  for (const { id, log } of vectors<LogRow>(t, 'vectors/kernel/verifier_log.jsonl', 250)) {
    const row = rows.get(id);
    const [type, program] = row === undefined ? [] : [typeOf(row), programOf(row)];
    if (row === undefined || type === undefined || program === undefined) continue;
    const options = { type, maps: mapsOf(row), strictAlignment: isStrict(row) };
    const own = new Set(verifyLogged(program, options, 2).log.split('\n').map(plain));
    const lines = log.split('\n');
    for (const [at, line] of lines.entries()) {
      if (!/^\d+: \([0-9a-f]{2}\) |^from \d+ to \d+: (?!safe)/.test(line)) continue;
      if (/^\d+: \(18\)/.test(line)) tally.leaveOut('64-bit immediates, whose addresses are blotted out');
      else if (lines[at + 1]?.startsWith('mark_precise') === true)
        tally.leaveOut('lines that the search for precise registers cuts in two');
      else if (/r=0xf{15}[ef]/.test(line)) tally.leaveOut('packet addresses just past the end');
      else tally.check(own.has(plain(line)), () => `${id}: ${line}`);
    }
  }
  tally.finish(t, 0.94);
});
