/**
 * Decision diagrams over numbers: what a program accepts as a function of fields, in the one form that every program that
 * accepts the same has.
 *
 * R. Bryant, "Graph-Based Algorithms for Boolean Function Manipulation" (1986), with a range of a field's values on each
 * edge in place of two bits: fields are asked in one order, a node whose edges lead to one place is left out, and equal
 * nodes are one.
 */

import { type Numbers, TooComplex } from './sets.js';

/** A node by its number; 0 rejects and 1 accepts. */
export type Node = number;
export const REJECT: Node = 0;
export const ACCEPT: Node = 1;

/** A field: its place in the order, and its greatest value. */
export interface Variable {
  readonly rank: number;
  readonly most: number;
}

/** What a node asks. The i-th edge is taken by values above the end before, up to `ends[i]`. */
export interface Question {
  readonly variable: Variable;
  readonly ends: readonly number[];
  readonly kids: readonly Node[];
}

const MOST_NODES = 20_000;
const MOST_WORK = 400_000;

export class Diagrams {
  private readonly questions: (Question | undefined)[] = [undefined, undefined];
  private readonly numbers = new Map<string, Node>();
  private readonly chosen = new Map<string, Node>();
  private work = 0;

  /** @returns `undefined` for the two ends. */
  question(node: Node): Question | undefined {
    return this.questions[node];
  }

  /** The place in the order of what a node asks; the ends come last. */
  rank(node: Node): number {
    return this.questions[node]?.variable.rank ?? Number.POSITIVE_INFINITY;
  }

  private make(variable: Variable, ends: readonly number[], kids: readonly Node[]): Node {
    const [keptEnds, keptKids]: [number[], Node[]] = [[], []];
    for (let i = 0; i < ends.length; i++) {
      if (keptKids.at(-1) === kids[i]) keptEnds[keptEnds.length - 1] = ends[i]!;
      else {
        keptEnds.push(ends[i]!);
        keptKids.push(kids[i]!);
      }
    }
    if (keptKids.length === 1) return keptKids[0]!;
    const key = `${variable.rank};${keptEnds};${keptKids}`;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    if (this.questions.length > MOST_NODES) throw new TooComplex('too many decisions');
    this.numbers.set(key, this.questions.length);
    return this.questions.push({ variable, ends: keptEnds, kids: keptKids }) - 1;
  }

  /** `yes` where the field is in the set, else `no`. */
  choose(variable: Variable, set: Numbers, yes: Node, no: Node): Node {
    if (yes === no || set.length === 0) return no;
    const key = `${variable.rank};${set};${yes};${no}`;
    const known = this.chosen.get(key);
    if (known !== undefined) return known;
    const first = Math.min(variable.rank, this.rank(yes), this.rank(no));
    const asked =
      first === variable.rank ? variable : this.question(first === this.rank(yes) ? yes : no)!.variable;
    const sides = [this.edgesOf(yes, asked), this.edgesOf(no, asked)] as const;
    const bounds = asked === variable || first === variable.rank ? edgesOfSet(set, variable.most) : undefined;
    const ends = [...new Set([...sides[0].ends, ...sides[1].ends, ...(bounds ?? [])])].sort((a, b) => a - b);
    this.work += ends.length;
    if (this.work > MOST_WORK) throw new TooComplex('too many decisions');
    const places = [0, 0];
    let place = 0;
    const kids = ends.map((end) => {
      const [a, b] = sides.map(({ ends: own, kids: to }, side) => {
        while (own[places[side]!]! < end) places[side]!++;
        return to[places[side]!]!;
      }) as [Node, Node];
      if (bounds === undefined) return this.choose(variable, set, a, b);
      while (place < set.length && set[place + 1]! < end) place += 2;
      return place < set.length && end >= set[place]! ? a : b;
    });
    const made = this.make(asked, ends, kids);
    this.chosen.set(key, made);
    return made;
  }

  private edgesOf(
    node: Node,
    variable: Variable,
  ): { readonly ends: readonly number[]; readonly kids: readonly Node[] } {
    const question = this.question(node);
    return question?.variable.rank === variable.rank ? question : { ends: [variable.most], kids: [node] };
  }

  /** Accepts what either accepts. */
  either(a: Node, b: Node): Node {
    if (a === b || b === REJECT) return a;
    if (a === REJECT) return b;
    if (a === ACCEPT || b === ACCEPT) return ACCEPT;
    const key = `${Math.min(a, b)}|${Math.max(a, b)}`;
    const known = this.chosen.get(key);
    if (known !== undefined) return known;
    const variable = this.question(this.rank(a) <= this.rank(b) ? a : b)!.variable;
    const [one, other] = [this.edgesOf(a, variable), this.edgesOf(b, variable)];
    const ends = [...new Set([...one.ends, ...other.ends])].sort((x, y) => x - y);
    this.work += ends.length;
    if (this.work > MOST_WORK) throw new TooComplex('too many decisions');
    const kidAt = (
      { ends: own, kids }: { readonly ends: readonly number[]; readonly kids: readonly Node[] },
      end: number,
    ) => kids[own.findIndex((limit) => limit >= end)]!;
    const made = this.make(
      variable,
      ends,
      ends.map((end) => this.either(kidAt(one, end), kidAt(other, end))),
    );
    this.chosen.set(key, made);
    return made;
  }

  /** Accepts what is rejected, and the other way round. */
  inverse(node: Node): Node {
    const key = `!${node}`;
    const known = this.chosen.get(key);
    if (known !== undefined) return known;
    const question = this.question(node);
    const made =
      question === undefined
        ? 1 - node
        : this.make(
            question.variable,
            question.ends,
            question.kids.map((kid) => this.inverse(kid)),
          );
    this.chosen.set(key, made);
    return made;
  }
}

/** Ends of the ranges in and between those of a set. */
function edgesOfSet(set: Numbers, most: number): number[] {
  const ends: number[] = [];
  for (let i = 0; i < set.length; i += 2) {
    if (set[i]! > 0) ends.push(set[i]! - 1);
    ends.push(set[i + 1]!);
  }
  if (ends.at(-1) !== most) ends.push(most);
  return ends;
}
