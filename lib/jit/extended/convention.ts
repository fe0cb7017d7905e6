/**
 * How the functions of an eBPF program pass registers.
 *
 * Programs that a verifier would accept pass r1 to r5 and get r0 back: a callee reads no other register
 * before it writes it, and a caller reads none of r1 to r5 after the call. Nothing stops other programs
 * from doing so, and then callee and caller share r0 to r5, and the callee sees the caller's r6 to r9.
 */

import { effectsOf } from '../../ebpf/index.js';
import { reversePostorder } from '../../graph.js';
import type { EbpfFunction } from './ebpfFlow.js';

/** `narrow`: r1–r5 in, r0 out. `wide`: r0–r9 in, r0–r5 out. r10 goes in either way. */
export type Convention = 'narrow' | 'wide';

/** Sets of registers are bit masks. */
const bit = (register: number): number => 1 << register;
const ARGUMENTS = 0b11_1110;
const NOT_FOR_CALLEES = bit(0) | bit(6) | bit(7) | bit(8) | bit(9);

export function conventionOf(functions: readonly EbpfFunction[]): Convention {
  if (functions.length === 1) return 'narrow';
  const isWide = functions.some((source, place) => {
    let afterCalls = 0;
    const atEntry = liveAtEntry(source, (live) => {
      afterCalls |= live;
    });
    return (afterCalls & ARGUMENTS) !== 0 || (place > 0 && (atEntry & NOT_FOR_CALLEES) !== 0);
  });
  return isWide ? 'wide' : 'narrow';
}

/** Registers that a function may read before it writes them; tells what is live after each local call. */
function liveAtEntry(source: EbpfFunction, afterCall: (live: number) => void): number {
  const atEntry = new Int32Array(source.size);
  const { nodes } = reversePostorder(source);
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of [...nodes].reverse()) {
      const { instructions, successors } = source.blocks[node]!;
      let live = successors.reduce((sum, next) => sum | atEntry[next]!, 0);
      for (const { instruction } of [...instructions].reverse()) {
        if (instruction.kind === 'callLocal') afterCall(live);
        const { reads, writes } = effectsOf(instruction);
        live = (live & ~writes) | reads;
      }
      changed ||= live !== atEntry[node];
      atEntry[node] = live;
    }
  }
  return atEntry[0]!;
}
