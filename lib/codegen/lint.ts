/**
 * Warnings: expressions that compile, and probably do not mean what their author meant.
 *
 * Four habits, each known from the issue trackers of libpcap and tcpdump:
 * - `vlan` and its like move the headers for everything to their right, also where they need not hold
 *   (`vlan 2 or vlan 3` looks for stacked tags);
 * - a test can be decided by the link type alone (`arp` on a loopback capture);
 * - `and` and `or` have equal precedence (`a or b and c` is `(a or b) and c`);
 * - a name is written as in Wireshark's display filters.
 */

import { cover, type Span } from '../source.js';
import { type Arithmetic, arithmeticPostorder, type Expr, format, postorder } from '../syntax/index.js';
import { type GenerateOptions, leafConditions } from './generate.js';

/** A warning: words that compile and may not mean what they seem to. */
export interface Lint {
  readonly span: Span;
  readonly message: string;
  readonly hint: string;
}

/**
 * Warnings for an expression that compiles, in the order of the text.
 *
 * @param fieldHint - What to write instead of a name that is one of Wireshark's fields.
 * @throws {FilterError} when the expression does not compile on this link type.
 */
export function lint(
  expr: Expr | undefined,
  options: GenerateOptions = {},
  fieldHint: (name: string) => string | undefined = () => undefined,
): Lint[] {
  if (expr === undefined) return [];
  const found = [
    ...movedHeaders(expr),
    ...decidedTests(expr, options),
    ...mixedConnectives(expr),
    ...fieldNames(expr, fieldHint),
  ];
  return found.sort((a, b) => a.span.start - b.span.start);
}

type Encapsulation = Expr & { kind: 'encapsulation' };

/** Tests of headers that were moved by something that need not hold where they are made. */
function movedHeaders(root: Expr): Lint[] {
  const found: Lint[] = [];
  const warned = new Set<Encapsulation>();
  /** What surely holds at this point, innermost last; and what moved the headers without holding. */
  const holding: Encapsulation[] = [];
  const loose: Encapsulation[] = [];
  const loosen = (mark: number) => loose.push(...holding.splice(mark));
  type Task =
    | { readonly node: Expr }
    | { readonly after: number }
    /** The end of a scope, and what there was before it. */
    | { readonly held: number; readonly loosened: number };
  const tasks: Task[] = [{ node: root }];
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    if ('after' in task) {
      loosen(task.after);
      continue;
    }
    if ('held' in task) {
      holding.length = task.held;
      loose.length = task.loosened;
      continue;
    }
    const { node } = task;
    const mark = { after: holding.length };
    switch (node.kind) {
      case 'and':
        tasks.push({ node: node.right }, { node: node.left });
        break;
      case 'or': // the right side is reached when the left one does not hold
        tasks.push(mark, { node: node.right }, mark, { node: node.left });
        break;
      case 'not':
        tasks.push(mark, { node: node.operand });
        break;
      case 'scope':
        tasks.push({ held: holding.length, loosened: loose.length }, { node: node.operand });
        break;
      case 'group':
      case 'named':
      case 'qualified':
        tasks.push({ node: node.operand });
        break;
      default: {
        const moved = looksBehind(node) ? loose.find((other) => !warned.has(other)) : undefined;
        if (moved !== undefined) {
          warned.add(moved);
          found.push(movedHeader(node, moved));
        }
        if (node.kind === 'encapsulation') holding.push(node);
      }
    }
  }
  return found;
}

/**
 * A `vlan` or its like that comes too late: tests before it look in front of the tag, where no such packet has what they
 * ask for. Gives its place and how the expression is written with it first.
 */
export function lateEncapsulation(root: Expr): { readonly span: Span; readonly hint: string } | undefined {
  const terms = conjuncts(root);
  const at = terms.findIndex(({ kind }) => kind === 'encapsulation');
  const late = terms[at];
  if (late === undefined || !terms.slice(0, at).some(looksBehind)) return undefined;
  const rest = terms
    .filter((term) => term !== late)
    .map((term) => (term.kind === 'or' ? `(${format(term)})` : format(term)));
  const words = format(late);
  const hint = `'${words}' moves what stands behind it: write '${[words, ...rest].join(' and ')}'`;
  return { span: late.span, hint };
}

/** The tests that all have to hold. */
function conjuncts(root: Expr): Expr[] {
  const found: Expr[] = [];
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === 'and') open.push(node.right, node.left);
    else if (node.kind === 'group') open.push(node.operand);
    else found.push(node);
  }
  return found;
}

function movedHeader(node: Expr, mover: Encapsulation): Lint {
  const [test, words] = [format(node), format(mover)];
  const stacked = node.kind === 'encapsulation' && node.name === 'vlan' && mover.name === 'vlan';
  return {
    span: node.span,
    message: `'${test}' is looked for behind '${words}', also in packets that do not match '${words}'`,
    hint: stacked
      ? "to match one of several tags: 'vlan and (link[14:2] & 0xfff = 2 or link[14:2] & 0xfff = 3)'"
      : `put the tests of packets without it before '${words}'`,
  };
}

/** Whether a test depends on where the headers are. */
function looksBehind(node: Expr): boolean {
  switch (node.kind) {
    case 'less':
    case 'greater':
    case 'inbound':
    case 'outbound':
    case 'ifindex':
      return false;
    case 'relation':
      return [node.left, node.right].some(readsInnerHeader);
    default:
      return true;
  }
}

function readsInnerHeader(value: Arithmetic): boolean {
  return arithmeticPostorder(value).some(
    (node) => node.kind === 'index' && node.protocol !== 'link' && node.protocol !== 'radio',
  );
}

function decidedTests(expr: Expr, options: GenerateOptions): Lint[] {
  return leafConditions(expr, options).flatMap(({ node, verdict, linkType, blind }) => {
    if (blind && (node.kind === 'protocol' || node.kind === 'id')) {
      const message = `on ${linkType} every protocol is recognised by the same magic number`;
      return [{ span: node.span, message, hint: 'the protocol itself is not looked at' }];
    }
    if (verdict === undefined) return [];
    const answer = verdict ? 'matches every packet' : 'can never match';
    const message = `'${format(node)}' ${answer} on ${linkType}`;
    return [{ span: node.span, message, hint: verdict ? 'leave it out' : 'is that the right link type?' }];
  });
}

/** Only where the meaning is not the customary one, in which `and` binds tighter. */
function mixedConnectives(expr: Expr): Lint[] {
  return postorder(expr).flatMap((node) => {
    if (node.kind !== 'and' || node.left.kind !== 'or') return [];
    const { left, right } = node;
    const span = cover(left.right.span, right.span);
    const hint = `write '${format(left.left)} or (${format(left.right)} and ${format(right)})' if that is meant`;
    return [{ span, message: "'and' and 'or' have equal precedence here, from left to right", hint }];
  });
}

function fieldNames(expr: Expr, hintFor: (name: string) => string | undefined): Lint[] {
  return postorder(expr).flatMap((node) => {
    if (node.kind !== 'id' || node.id.kind !== 'name' || !node.id.name.includes('.')) return [];
    const hint = hintFor(node.id.name);
    return hint === undefined
      ? []
      : [{ span: node.span, message: `'${node.id.name}' is taken for a name`, hint }];
  });
}
