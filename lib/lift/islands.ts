/**
 * Jumps that are too long, by way of islands: between blocks, jumps that others lead to on their way.
 *
 * The offset of a jump has 16 bits, and kernels before 6.6 know no longer one. Distances are counted as the kernel
 * sees them after it has replaced instructions by several (`bpf_patch_insn_data` in kernel/bpf/core.c refuses what
 * does not fit any more).
 */

import { build, opcodes, type Program } from '../ebpf/index.js';
import { LiftError } from './error.js';
import type { Piece } from './piece.js';

/** The pieces of a block, in its place. */
export interface Segment {
  readonly block: number;
  readonly pieces: readonly Piece[];
}

const FARTHEST = 0x7fff;
/** Not by way of an island. */
const DIRECT = -1;
/** How far a jump may go without an island: others may still come in between. */
const REACH = 0x6000;
/** Instructions that the kernel makes of one at most: `bpf_gen_ld_abs`, division, inlined calls. */
const EXPANDED = 8;

const DIVISIONS: ReadonlySet<number> = new Set(
  opcodes.ALU_ROWS.filter(({ name }) => name === 'div' || name === 'mod').map(({ bits }) => bits),
);

function weightOf({ opcode }: Piece): number {
  switch (opcodes.classOf(opcode)) {
    case opcodes.LD:
      return EXPANDED;
    case opcodes.ALU:
    case opcodes.ALU64:
      return DIVISIONS.has(opcodes.operationOf(opcode)) ? EXPANDED : 1;
    case opcodes.JMP:
      return opcodes.operationOf(opcode) === opcodes.CALL ? EXPANDED : 1;
    default:
      return 1;
  }
}

/** Whether the pieces may go on to what follows them. */
function fallsThrough(pieces: readonly Piece[]): boolean {
  const last = pieces.at(-1);
  if (last === undefined || opcodes.classOf(last.opcode) !== opcodes.JMP) return true;
  const operation = opcodes.operationOf(last.opcode);
  return operation !== opcodes.JA && operation !== opcodes.EXIT;
}

/**
 * The segments one after the other, with jumps as distances.
 *
 * @throws LiftError `jump-too-long` where a block alone is longer than a jump.
 */
export function bridge(segments: readonly Segment[]): Program {
  /** By segment: blocks that the island behind it leads to. */
  const islands = new Map<number, readonly number[]>();
  for (;;) {
    const map = new Places(segments, islands, weightOf);
    const missing = map.jumps().filter(({ at, target }) => map.hop(at, target) === undefined);
    if (missing.length === 0) {
      if (dropUnused(islands, map)) continue;
      return resolve(segments, islands);
    }
    for (const { at, target } of missing) {
      // Others may have led to one by now.
      if (map.hop(at, target) !== undefined) continue;
      const site = map.siteFor(at, target);
      if (site === undefined)
        throw new LiftError('jump-too-long', at, 'a block is too long for a jump over it');
      const targets = islands.get(site) ?? [];
      islands.set(site, targets.includes(target) ? targets : [...targets, target]);
    }
  }
}

/** Leaves out what no jump leads to any more, as a verifier would find. Gives whether there was such a thing. */
function dropUnused(islands: Map<number, readonly number[]>, places: Places): boolean {
  const used = new Set(places.jumps().map(({ at, target }) => `${places.hop(at, target)} ${target}`));
  let dropped = false;
  for (const [site, targets] of islands) {
    const kept = targets.filter((target) => used.has(`${site} ${target}`));
    if (kept.length === targets.length) continue;
    dropped = true;
    if (kept.length === 0) islands.delete(site);
    else islands.set(site, kept);
  }
  return dropped;
}

/** By segment: blocks that the island behind it leads to. */
type Islands = ReadonlyMap<number, readonly number[]>;

/** Where blocks and islands lie, in instructions as `weight` counts them. */
class Places {
  private readonly segments: readonly Segment[];
  private readonly islands: Islands;
  private readonly weight: (piece: Piece) => number;
  private readonly starts = new Map<number, number>();
  /** Where each segment ends and its island begins. */
  private readonly ends: number[] = [];

  constructor(segments: readonly Segment[], islands: Islands, weight: (piece: Piece) => number) {
    this.segments = segments;
    this.islands = islands;
    this.weight = weight;
    let at = 0;
    for (const [index, { block, pieces }] of segments.entries()) {
      this.starts.set(block, at);
      for (const piece of pieces) at += weight(piece);
      this.ends.push(at);
      const targets = islands.get(index);
      if (targets !== undefined) at += targets.length + this.skip(index);
    }
  }

  /** Instructions that lead around the island behind a segment. */
  private skip(index: number): number {
    return Number(fallsThrough(this.segments[index]!.pieces));
  }

  /** All jumps to blocks, those of the islands too. */
  jumps(): { readonly at: number; readonly target: number }[] {
    return this.segments.flatMap(({ block, pieces }, index) => {
      let at = this.starts.get(block)!;
      const own = pieces.flatMap((piece) => {
        const place = at;
        at += this.weight(piece);
        return piece.target === undefined ? [] : [{ at: place, target: piece.target }];
      });
      const onwards = (this.islands.get(index) ?? []).map((target) => ({
        at: this.entry(index, target),
        target,
      }));
      return [...own, ...onwards];
    });
  }

  private entry(index: number, target: number): number {
    return this.ends[index]! + this.skip(index) + this.islands.get(index)!.indexOf(target);
  }

  /** The place of a block, or of its entry in the island behind a segment. */
  placeOf(target: number, site: number): number {
    return site === DIRECT ? this.starts.get(target)! : this.entry(site, target);
  }

  /** Where a jump at a place goes: {@link DIRECT}, or the segment before the island that is nearest to the block. */
  hop(at: number, target: number): number | undefined {
    const goal = this.starts.get(target)!;
    if (Math.abs(goal - at) <= FARTHEST) return DIRECT;
    let [best, nearest] = [undefined as number | undefined, Math.abs(goal - at)];
    for (const [site, targets] of this.islands) {
      if (!targets.includes(target)) continue;
      const place = this.entry(site, target);
      const isOnTheWay = Math.sign(place - at) === Math.sign(goal - at) && Math.abs(place - at) <= FARTHEST;
      if (isOnTheWay && Math.abs(goal - place) < nearest) [best, nearest] = [site, Math.abs(goal - place)];
    }
    return best;
  }

  /** The segment behind which an island for a jump is best placed: where nothing has to be led around it. */
  siteFor(at: number, target: number): number | undefined {
    const forward = this.starts.get(target)! > at;
    const [low, high] = forward ? [at + 1, at + REACH] : [at - REACH, at - 1];
    const sites: number[] = [];
    for (let site = firstAtLeast(this.ends, low); site < this.ends.length; site++) {
      if (this.ends[site]! > high) break;
      sites.push(site);
    }
    if (!forward) sites.reverse();
    const far = sites.filter((site) => Math.abs(this.ends[site]! - at) > REACH / 2);
    return far.findLast((site) => this.skip(site) === 0) ?? sites.at(-1);
  }
}

/** The first of ascending numbers that is no less than a value. */
function firstAtLeast(ascending: readonly number[], value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** All pieces with the islands between them. Jumps go where they may as the kernel counts. */
function resolve(segments: readonly Segment[], islands: Islands): Program {
  const weighed = new Places(segments, islands, weightOf);
  const slots = new Places(segments, islands, () => 1);
  const sites = weighed.jumps().map(({ at, target }) => weighed.hop(at, target)!);
  const offsets = slots
    .jumps()
    .map(({ at, target }, index) => slots.placeOf(target, sites[index]!) - at - 1)
    .values();
  const next = (): number => offsets.next().value!;
  return segments.flatMap(({ pieces }, index) => {
    const own = pieces.map(({ target, ...slot }) =>
      target === undefined ? slot : { ...slot, offset: next() },
    );
    const onwards = (islands.get(index) ?? []).map(() => build.jump(next()));
    const isLedAround = onwards.length > 0 && fallsThrough(pieces);
    return [...own, ...(isLedAround ? [build.jump(onwards.length)] : []), ...onwards];
  });
}
