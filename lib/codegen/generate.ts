/**
 * Tree → flow graph: the driver of code generation.
 *
 * Primitives are compiled in the order of the text, because some of them move the headers for all that
 * follow ({@link file://./context.ts}). Each becomes a {@link Condition}; `and`, `or` and `not` join them;
 * the whole is then turned into blocks between the two returns.
 */

import { opcodes, type Program } from '../cbpf/index.js';
import { type Block, type Graph, linearize } from '../cfg/index.js';
import {
  linkTypeNamed,
  linkTypeOfDlt,
  type Resolver,
  SNAP_LENGTH,
  wellKnownResolver,
} from '../names/index.js';
import { cover, FilterError } from '../source.js';
import { type Arithmetic, type Expr, FilterSyntaxError, parse, postorder } from '../syntax/index.js';
import { checkArithmetic } from './arithmetic.js';
import { and, type Condition, lower, not, or, TRUE } from './condition.js';
import { type CaptureMode, Context, type Headers, type Settings } from './context.js';
import { identifierTest } from './identifier.js';
import { linkRow } from './link.js';
import { primitive } from './primitive.js';
import { prologue } from './prologue.js';

const { K, MEMORY_WORDS, RET } = opcodes;

export interface GenerateOptions {
  /** DLT_ name (`EN10MB`, in any case, prefix allowed) or DLT_ number. `EN10MB` by default. */
  readonly linkType?: string | number | undefined;
  /** Bytes of a packet that a match keeps, 1..2^32-1. 262144 by default, as in tcpdump. */
  readonly snapLength?: number | undefined;
  /** IPv4 netmask of the captured network, for `ip broadcast`: a number, most significant byte first. */
  readonly netmask?: number | undefined;
  readonly mode?: CaptureMode | undefined;
  /** Names to numbers; well-known services and protocols by default. */
  readonly resolver?: Resolver | undefined;
  /** UDP port that `vxlan` looks for, 4789 by default: libpcap knows no other. */
  readonly vxlanPort?: number | undefined;
  /** UDP port that `geneve` looks for, 6081 by default. */
  readonly genevePort?: number | undefined;
  /** Make absolute loads of the kernel's metadata at constant offsets, as libpcap's optimizer does. */
  readonly foldMetadata?: boolean | undefined;
}

export interface CompileOptions extends GenerateOptions {
  /** The expression that `@name` stands for. */
  readonly namedFilters?: ((name: string) => string | undefined) | undefined;
}

export interface Generated {
  readonly graph: Graph;
  /** The answer, when it was known without looking at a packet. */
  readonly verdict: boolean | undefined;
  /**
   * Whether libpcap refuses the expression when no packet can match. It finds that out while it
   * optimizes, which it leaves alone for `protochain` and `geneve`.
   */
  readonly refusable: boolean;
}

/**
 * Compiles an expression to a flow graph; `undefined`, the empty expression, accepts every packet.
 *
 * @throws {FilterError} for what cannot be tested on this link type, unknown names, values out of range.
 */
export function generate(expr: Expr | undefined, options: GenerateOptions = {}): Generated {
  const settings = settle(options);
  const accept: Block = { statements: [], exit: { kind: 'return', code: RET | K, k: settings.snapLength } };
  if (expr === undefined) return { graph: { blocks: [accept], entry: 0 }, verdict: true, refusable: true };
  const { context, condition } = conditionOf(settings, expr);
  const reject: Block = { statements: [], exit: { kind: 'return', code: RET | K, k: 0 } };
  const blocks: Block[] = [reject, accept];
  const start = lower(condition, 1, 0, blocks);
  const entry = prologue(context, blocks, start, 0);
  const verdict = condition.kind === 'constant' ? condition.value : undefined;
  return { graph: { blocks, entry }, verdict, refusable: !context.unoptimized };
}

/** Text to program without optimization: the definition of what an expression means. */
export function compileUnoptimized(text: string, options: CompileOptions = {}): Program {
  return linearize(generate(parseChecked(text, options), options).graph);
}

/**
 * Parses, and where that fails first reports what is wrong with the part that was complete: libpcap
 * compiles while it parses, and stops at the first error of either kind.
 *
 * @throws {FilterError}
 */
export function parseChecked(text: string, options: CompileOptions = {}): Expr | undefined {
  const settings = settle(options);
  const { namedFilters } = options;
  try {
    return parse(text, { namedFilters });
  } catch (error) {
    if (error instanceof FilterSyntaxError) check(settings, error.reduced);
    throw error;
  }
}

function settle(options: GenerateOptions): Settings {
  const {
    linkType = 'EN10MB',
    snapLength = SNAP_LENGTH,
    netmask,
    mode = 'dead',
    resolver = wellKnownResolver,
    vxlanPort = 4789,
    genevePort = 6081,
    foldMetadata = false,
  } = options;
  const nowhere = { start: 0, end: 0 };
  if (snapLength === 0) {
    const message = 'snaplen of 0 rejects all packets';
    throw new FilterError(message, nowhere, { libpcapMessage: message });
  }
  const type = typeof linkType === 'string' ? linkTypeNamed(linkType) : linkTypeOfDlt(linkType);
  const dlt = type?.dlt ?? (typeof linkType === 'number' ? linkType : undefined);
  const row = dlt === undefined ? undefined : linkRow(dlt, type?.name);
  if (dlt === undefined || row === undefined) {
    const message = `unknown data link type ${linkType}`;
    throw new FilterError(message, nowhere, { libpcapMessage: message });
  }
  const tunnelPorts = { vxlan: portOf('vxlanPort', vxlanPort), geneve: portOf('genevePort', genevePort) };
  return { dlt, row, snapLength, netmask, mode, resolver, tunnelPorts, foldMetadata };
}

function portOf(option: string, port: number): number {
  if (Number.isInteger(port) && port >= 0 && port <= 0xffff) return port;
  throw new RangeError(`${option} ${port} is no UDP port`);
}

/** Header offsets keep their cells to themselves: the last ones, which arithmetic reaches last. */
const HEADER_CELLS = [MEMORY_WORDS - 2, MEMORY_WORDS - 1];

/**
 * Compiles twice when it must: cells for header offsets are given out when they are first needed, like
 * all others, which is what libpcap does. Where arithmetic uses such a cell too (`len > 100 and ip` on
 * 802.11), libpcap's program is wrong, because the offset is computed at the start and overwritten.
 */
function conditionOf(settings: Settings, expr: Expr): { context: Context; condition: Condition } {
  const first = new Context(settings);
  const condition = translate(first, expr);
  const { headerCells, loadedCells, temporaryCells } = first;
  const shared = [...headerCells].some((cell) => loadedCells.has(cell) && temporaryCells.has(cell));
  if (!shared) return { context: first, condition };
  const second = new Context(settings, HEADER_CELLS);
  return { context: second, condition: translate(second, expr) };
}

export interface LeafVerdict {
  readonly node: Expr;
  /** The answer, when the link type decides it. */
  readonly verdict: boolean | undefined;
  /** `DLT_EN10MB (Ethernet)`: that of the capture, or of what has been stepped into. */
  readonly linkType: string;
  /** The link type has a test that is the same for every protocol. */
  readonly blind: boolean;
}

/** Every test of an expression by itself, in order, with what is known about it without a packet. */
export function leafConditions(expr: Expr, options: GenerateOptions = {}): LeafVerdict[] {
  const leaves: LeafVerdict[] = [];
  const context = new Context(settle(options));
  translate(context, expr, (node, condition, linkType) => {
    const verdict = condition.kind === 'constant' ? condition.value : undefined;
    leaves.push({ node, verdict, linkType, blind: context.headers.row.test === 'juniper' });
  });
  return leaves;
}

function translate(
  context: Context,
  expr: Expr,
  onLeaf?: (node: Expr, condition: Condition, linkType: string) => void,
): Condition {
  const conditions: Condition[] = [];
  /** Where headers were before each of the conditions. */
  const before: Headers[] = [];
  for (const node of postorder(expr)) {
    switch (node.kind) {
      case 'and':
      case 'or': {
        const right = conditions.pop()!;
        const left = conditions.pop()!;
        before.pop();
        conditions.push(node.kind === 'and' ? and(left, right) : or(left, right));
        break;
      }
      case 'not':
        conditions.push(not(conditions.pop()!));
        break;
      case 'scope':
        context.headers = before.at(-1)!;
        context.scoped = true;
        break;
      case 'group':
      case 'named':
      case 'qualified':
        break;
      default: {
        context.at(node.span);
        context.head = undefined;
        context.protocolWord = undefined;
        if (node.kind === 'id') {
          const { protocol, test } = node.qualifiers?.words ?? {};
          context.head = node.head;
          context.protocolWord = protocol;
          if (node.head !== undefined && test !== undefined) context.span = cover(test, node.span);
        }
        before.push(context.headers);
        const linkType = onLeaf === undefined ? '' : context.linkTypeText();
        const condition =
          node.kind === 'id' ? identifierTest(context, node.id, node.qualifiers) : primitive(context, node);
        onLeaf?.(node, condition, linkType);
        conditions.push(condition);
      }
    }
  }
  return conditions.pop() ?? TRUE;
}

/** Throws what is wrong with the pieces of an incomplete expression, in order. */
function check(settings: Settings, pieces: readonly (Expr | Arithmetic)[]): void {
  const context = new Context(settings);
  for (const piece of pieces) {
    if (isArithmetic(piece)) checkArithmetic(context, piece);
    else translate(context, piece);
  }
}

const ARITHMETIC_KINDS: ReadonlySet<string> = new Set([
  'number',
  'len',
  'index',
  'binary',
  'negate',
  'parens',
]);
const isArithmetic = (piece: Expr | Arithmetic): piece is Arithmetic => ARITHMETIC_KINDS.has(piece.kind);
