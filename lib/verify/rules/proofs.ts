/**
 * What a verified program is known to do, instruction by instruction, so that a compiler can leave
 * checks out.
 *
 * Where an access goes, which way a branch goes and what is never reached is noted on the walk over all
 * paths. A path that ends at an explored state needs no notes of its own: the state that stands for it has
 * the same types of addresses, and ranges that hold its numbers, in every register that decides an access or a
 * branch (`history.ts`). Other numbers may differ, so what is said of numbers comes from a data flow
 * analysis that joins all ways to an instruction (`numbers.ts`) and owes nothing to the walk.
 */

import type { Instruction, Program } from '../../ebpf/index.js';
import type { PointerType } from '../state/value.js';
import { numberFacts } from './numbers.js';

/** Memory that engines have, and that bytes are read from and written to. */
const MEMORY_KINDS = ['stack', 'context', 'packet', 'packetMeta', 'mapValue'] as const;
export type MemoryKind = (typeof MEMORY_KINDS)[number];

/** What holds at one instruction whenever control comes there. */
export interface Proof {
  /**
   * The memory that the access lies in, with all its bytes. In a packet: between its start and its end as
   * the context gave them to the program. Whether it may be written is the engine's business.
   */
  readonly inBounds?: MemoryKind;
  readonly nonZeroDivisor?: boolean;
  /** Both operands have their upper 32 bits clear. */
  readonly fits32?: boolean;
  /** The branch has this outcome. */
  readonly outcome?: boolean;
  /** Control never comes here. */
  readonly dead?: boolean;
}

/** What holds whenever a verified program runs on what it was verified for. */
export interface Proofs {
  readonly program: Program;
  /** By slot. */
  readonly instructions: readonly (Proof | undefined)[];
  /**
   * No run executes more instructions than this (tail calls begin anew); infinite where the runtime ends loops, or
   * helpers call functions. Where a path ends at an
   * explored state, a run goes on as one from there did, and states are explored to the end before others end at
   * them: so no run comes twice to one place of the walk, and the walk's length bounds every run.
   */
  readonly steps: number;
  /** Some run may read bytes of the stack that it has not written. */
  readonly readsUnwritten: boolean;
}

const STRAIGHT = 1;
const TAKEN = 2;

/** What the walk has seen so far. */
export class Notes {
  private readonly memory: (MemoryKind | 'several' | undefined)[] = [];
  private readonly outcomes: number[] = [];
  private readonly reached: boolean[] = [];
  private unwritten = false;

  arrive(index: number): void {
    this.reached[index] = true;
  }

  hasReached(index: number): boolean {
    return this.reached[index] === true;
  }

  /** A checked access. What no engine has, such as sockets, is in bounds for the verifier alone. */
  access(index: number, type: PointerType): void {
    const kind = MEMORY_KINDS.find((known) => known === type) ?? 'several';
    const before = this.memory[index];
    this.memory[index] = before === undefined || before === kind ? kind : 'several';
  }

  /** A read of stack that holds nothing yet, which some programs may make. */
  readUnwritten(): void {
    this.unwritten = true;
  }

  /** A path goes on from a branch at `next`. */
  branch(index: number, { distance }: Extract<Instruction, { kind: 'branch' }>, next: number): void {
    const both = distance === 0 ? STRAIGHT | TAKEN : next === index + 1 ? STRAIGHT : TAKEN;
    this.outcomes[index] = (this.outcomes[index] ?? 0) | both;
  }

  /** What the whole walk, of `steps` instructions, has proved. */
  proofs(program: Program, instructions: readonly (Instruction | undefined)[], steps: number): Proofs {
    const facts = numberFacts(instructions);
    const proofs = program.map((_, index): Proof | undefined => {
      if (instructions[index] === undefined) return undefined;
      if (this.reached[index] !== true) return { dead: true };
      const memory = this.memory[index];
      const outcome = this.outcomes[index];
      const proof: Proof = {
        ...facts[index],
        ...(memory === undefined || memory === 'several' ? {} : { inBounds: memory }),
        ...(outcome === STRAIGHT || outcome === TAKEN ? { outcome: outcome === TAKEN } : {}),
      };
      return Object.keys(proof).length === 0 ? undefined : proof;
    });
    return { program, instructions: proofs, steps, readsUnwritten: this.unwritten };
  }
}
