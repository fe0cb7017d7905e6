/**
 * Test support: what both verifiers admit, run by the kernel (BPF_PROG_TEST_RUN) and by every engine: r0 and the packet
 * as it is afterwards. Programs whose result is not theirs alone are left out: those that see addresses as numbers,
 * bytes of stack that nothing wrote, clocks, maps, or fields of the context that a test run leaves open. (Programs
 * with maps are compared in `lib/engine/writing.test.ts`.)
 */

import { decode } from '../../ebpf/decode.js';
import { attach, Memory, programTypeOf } from '../../ebpf/index.js';
import { slotsOf } from '../../ebpf/instruction.js';
import { loadEbpf } from '../../engine/index.js';
import { verify } from '../../verify/index.js';
import { metadataOf } from '../besideKernel.js';
import type { Random } from '../random.js';
import type { Sample } from './generator.js';
import { optionsOf } from './judge.js';
import { mapUses } from './maps.js';
import type { Oracle } from './oracle.js';

const ETHERNET = 14;
const PACKET_LENGTHS = [60, 64, 90, 128];
/** Helpers whose answer follows from the packet and the arguments. */
const HELPERS: ReadonlySet<number> = new Set([
  9, 10, 11, 18, 19, 26, 28, 38, 39, 40, 43, 44, 54, 65, 68, 189, 190,
]);
/** Context fields of a test run that are known: length, kind, mark, protocol, device, scratch, packet; it came from none. */
const FIELDS: ReadonlySet<number> = new Set([0, 4, 8, 16, 40, 48, 52, 56, 60, 64, 76, 80]);
const XDP_FIELDS: ReadonlySet<number> = new Set([0, 4, 8]);

const LOAD_RELATIVE = 68;

const seesLink = (type: Sample['type']): boolean => type === 'xdp' || type === 'sched_cls';

export interface RunCounts {
  programs: number;
  runs: number;
  readonly differences: string[];
}

/** Whether a run's outcome follows from program and packet. */
function isSettled({ program, type, ...how }: Sample): boolean {
  if (mapUses(program).length > 0) return false;
  for (let index = 0; index < program.length; ) {
    const instruction = decode(program, index);
    if (instruction.kind === 'call' && !HELPERS.has(instruction.helper)) return false;
    // In a test run the kernel has the link header although the hook does not see it.
    if (instruction.kind === 'call' && instruction.helper === LOAD_RELATIVE && !seesLink(type)) return false;
    if (instruction.kind === 'mayGoto') return false;
    const fields = type === 'xdp' ? XDP_FIELDS : FIELDS;
    if (instruction.kind === 'load' && instruction.base !== 10 && isContext(index, { program, type, ...how }))
      if (!fields.has(instruction.offset) || (instruction.size !== 4 && instruction.offset < 48))
        return false;
    index += slotsOf(instruction);
  }
  // Without privileges no address is seen as a number, and no byte is read that nothing wrote.
  const options = { ...optionsOf({ program, type, ...how }), rules: 'sound' as const };
  return verify(program, { ...options, privileged: false }).accepted;
}

function isContext(index: number, sample: Sample): boolean {
  const { proofs } = verify(sample.program, { ...optionsOf(sample), proofs: true });
  return proofs?.instructions[index]?.inBounds === 'context';
}

/** Runs one program on a packet everywhere. */
export function compareRuns(sample: Sample, oracle: Oracle, random: Random, counts: RunCounts): void {
  let settled: boolean;
  try {
    settled = isSettled(sample);
  } catch {
    return; // an instruction that only the kernel takes for one
  }
  if (!settled) return;
  const { program, type } = sample;
  if (type === 'sched_act') return; // the same hook as sched_cls
  const loaded = oracle.load(sample);
  if (typeof loaded === 'string') return;
  counts.programs++;
  const length = PACKET_LENGTHS[random(PACKET_LENGTHS.length)]!;
  const whole = Uint8Array.from({ length }, (_, at) => (at === 12 ? 8 : at === 13 ? 0 : random(256)));
  whole[ETHERNET] = 0x45;
  const theirs = loaded.run(whole);
  loaded.close();
  if (typeof theirs === 'string') return;
  const expected = `${theirs.result} ${hex(seesLink(type) ? theirs.packet : theirs.packet.subarray(ETHERNET))}`;
  const packet = seesLink(type) ? whole : whole.subarray(ETHERNET);
  const hook = programTypeOf(type);
  const engines = {
    definition: () => attach(program, hook, { unverified: true, definition: true, memory: new Memory() }),
    interpreter: () => loadEbpf(program, { type, engine: 'interpreter' }),
    wasm: () => loadEbpf(program, { type, engine: 'wasm' }),
  };
  for (const [name, load] of Object.entries(engines)) {
    let ours: string;
    try {
      const outcome = load().run(packet, { metadata: metadataOf(whole) });
      ours = `${outcome.verdict} ${hex(outcome.meta)}${hex(outcome.packet)}`;
    } catch (error) {
      ours = (error as Error).message;
    }
    counts.runs++;
    if (ours !== expected) counts.differences.push(`${type}, ${name}: ${ours}, kernel: ${expected}`);
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
