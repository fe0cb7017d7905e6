/**
 * A diagram as cases: each a set for some of its fields, which together accept exactly what the diagram accepts, none of
 * which can be left out and none of which says more than it has to. The same for the same diagram.
 */

import { ACCEPT, type Diagrams, type Node, REJECT, type Variable } from './diagram.js';
import { complement, intersection, type Numbers, TooComplex, union } from './sets.js';

/** What one case demands of a field. */
export interface Demand {
  readonly variable: Variable;
  readonly set: Numbers;
}

/** A case: its demands in the order of the fields. */
export type Case = readonly Demand[];

const MOST_CASES = 160;
/** Ranges of one field that are tried for a case. */
const MOST_PARTS = 200;

/** @param needs - Whether a demand gives another one its meaning: it stays as long as that does. */
export function casesOf(
  diagrams: Diagrams,
  root: Node,
  needs: (demand: Demand, by: Demand) => boolean,
): readonly Case[] {
  const found = new Map<string, Case>();
  for (const path of pathsOf(diagrams, root)) {
    const shortest = shortened(diagrams, root, path, needs);
    found.set(keyOf(shortest), shortest);
  }
  return withoutNeedless(diagrams, root, [...found.values()]);
}

const keyOf = (one: Case): string => one.map(({ variable, set }) => `${variable.rank}:${set}`).join(';');

/** Every way to acceptance, with edges that lead to one place as one. */
function pathsOf(diagrams: Diagrams, root: Node): readonly Case[] {
  const paths: Case[] = [];
  const walk = (node: Node, path: Case): void => {
    if (node === REJECT) return;
    if (node === ACCEPT) {
      if (paths.length >= MOST_CASES) throw new TooComplex('too many cases');
      paths.push(path);
      return;
    }
    const { variable, ends, kids } = diagrams.question(node)!;
    const sets = new Map<Node, number[]>();
    for (const [index, kid] of kids.entries()) {
      const ranges = sets.get(kid) ?? [];
      sets.set(kid, ranges);
      ranges.push(index === 0 ? 0 : ends[index - 1]! + 1, ends[index]!);
    }
    for (const [kid, set] of sets) walk(kid, [...path, { variable, set }]);
  };
  walk(root, []);
  return paths;
}

/** Leaves out demands from the last to the first, as far as the case still is one of the diagram; widens what stays. */
function shortened(
  diagrams: Diagrams,
  root: Node,
  path: Case,
  needs: (demand: Demand, by: Demand) => boolean,
): Case {
  let kept = path;
  for (const demand of path.toReversed()) {
    const rest = kept.filter((other) => other !== demand);
    if (!rest.some((other) => needs(demand, other)) && isWithin(diagrams, root, rest)) kept = rest;
  }
  for (const demand of kept.toReversed()) {
    const { variable, set } = demand;
    const isStructural = kept.some((other) => other !== demand && needs(demand, other));
    if (isStructural) continue;
    const rest = kept.filter((other) => other !== demand);
    let widest = set;
    const parts = partsOf(diagrams, root, variable);
    const outside = complement(set, variable.most);
    // A list is as wide as it is; to try each gap of a long one takes long.
    for (const part of parts.length > MOST_PARTS ? [] : parts) {
      const more = intersection(part, outside);
      if (more.length > 0 && isWithin(diagrams, root, ordered([...rest, { variable, set: more }])))
        widest = union(widest, more);
    }
    kept = ordered([...rest, { variable, set: widest }]);
  }
  return kept;
}

const ordered = (demands: readonly Demand[]): Case =>
  [...demands].sort((a, b) => a.variable.rank - b.variable.rank);

/** The ranges into which nodes part a field's numbers. */
function partsOf(diagrams: Diagrams, root: Node, variable: Variable): readonly Numbers[] {
  const ends = new Set<number>([variable.most]);
  const seen = new Set<Node>();
  const pending = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const question = diagrams.question(node);
    if (question === undefined || seen.has(node)) continue;
    seen.add(node);
    if (question.variable.rank === variable.rank) for (const end of question.ends) ends.add(end);
    pending.push(...question.kids);
  }
  const sorted = [...ends].sort((a, b) => a - b);
  return sorted.map((end, index) => [index === 0 ? 0 : sorted[index - 1]! + 1, end]);
}

/** Whether the diagram accepts all of a case. */
function isWithin(diagrams: Diagrams, root: Node, demands: Case): boolean {
  const sets = new Map(demands.map(({ variable, set }) => [variable.rank, set]));
  const known = new Map<Node, boolean>();
  const walk = (node: Node): boolean => {
    const question = diagrams.question(node);
    if (question === undefined) return node === ACCEPT;
    const before = known.get(node);
    if (before !== undefined) return before;
    const { variable, ends, kids } = question;
    const set = sets.get(variable.rank);
    const answer = kids.every((kid, index) => {
      const range = [index === 0 ? 0 : ends[index - 1]! + 1, ends[index]!];
      return (set !== undefined && intersection(set, range).length === 0) || walk(kid);
    });
    known.set(node, answer);
    return answer;
  };
  return walk(root);
}

/** The diagram of a case. */
function diagramOf(diagrams: Diagrams, one: Case): Node {
  return one.reduceRight(
    (below, { variable, set }) => diagrams.choose(variable, set, below, REJECT),
    ACCEPT as Node,
  );
}

/** Leaves out cases that the others cover; what stays is proved to be the diagram. */
function withoutNeedless(diagrams: Diagrams, root: Node, cases: readonly Case[]): readonly Case[] {
  const nodes = cases.map((one) => diagramOf(diagrams, one));
  // What follows each, so that what is before and what follows make up the rest.
  const after: Node[] = [];
  for (let i = nodes.length - 1; i >= 0; i--)
    after[i] = i + 1 < nodes.length ? diagrams.either(nodes[i + 1]!, after[i + 1]!) : REJECT;
  let before: Node = REJECT;
  const kept: Case[] = [];
  for (const [index, node] of nodes.entries()) {
    const rest = diagrams.either(before, after[index]!);
    if (rest === root) continue;
    kept.push(cases[index]!);
    before = diagrams.either(before, node);
  }
  if (before !== root) throw new TooComplex('cases that do not make up the whole');
  return kept;
}
