/**
 * Source spans, and errors that point into the text they are about.
 *
 * The lowest leaf of the library: every stage carries spans, and every stage that a user's text can
 * upset throws a {@link FilterError}.
 */

/** A half-open range of a source text, in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The smallest span that covers both. */
export function cover(a: Span, b: Span): Span {
  return { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}

export interface FilterErrorOptions {
  /** What the user could write instead, as a short phrase. */
  readonly hint?: string | undefined;
  /** What `pcap_geterr()` says about the same expression, where libpcap rejects it too. */
  readonly libpcapMessage?: string | undefined;
}

/** The expression cannot be compiled; `span` says where, `hint` what would do instead. */
export class FilterError extends Error {
  override readonly name = 'FilterError';
  // Private, and so left out where Node prints an error that nobody catches: the message says it all.
  readonly #span: Span;
  #hint: string;
  readonly #libpcapMessage: string;
  #expression = '';

  constructor(message: string, span: Span, options: FilterErrorOptions = {}) {
    super(legible(message));
    this.#span = span;
    this.#hint = legible(options.hint ?? '');
    this.#libpcapMessage = options.libpcapMessage ?? '';
  }

  /** The words that are wrong, as indexes into the expression. */
  get span(): Span {
    return this.#span;
  }

  /** What would do instead, `''` where that is not known. */
  get hint(): string {
    return this.#hint;
  }

  /** libpcap's own words (no position, no hint), `''` where libpcap has none. */
  get libpcapMessage(): string {
    return this.#libpcapMessage;
  }

  /** The expression that `span` points into; `''` until the compiler has said so. */
  get expression(): string {
    return this.#expression;
  }

  /** Whether the text is no expression, on any link type. */
  get isSyntax(): boolean {
    return false;
  }

  /** The same error, knowing its expression: it then shows the place wherever it is printed. `hint` is a better one. */
  about(expression: string, hint = this.hint): this {
    if (this.#expression !== '') return this;
    this.#expression = expression;
    this.#hint = legible(hint);
    const [, ...calls] = (this.stack ?? '').split(/\n(?= +at )/);
    // What Node prints of an error that nobody catches.
    Object.defineProperty(this, 'stack', {
      value: [String(this), ...calls].join('\n'),
      configurable: true,
      writable: true,
    });
    return this;
  }

  /** For a terminal: the expression's line, a caret line under the place, the hint. */
  render(expression: string = this.expression): string {
    return renderSpan(expression, this.span, this.message, this.hint);
  }

  /** The message, and where in the expression. */
  override toString(): string {
    const { name, message, expression } = this;
    return expression === '' ? `${name}: ${message}` : `${name}: ${message}\n${indented(this.render())}`;
  }
}

const indented = (text: string): string => text.replace(/^/gm, '  ');

/**
 * Draws `message` under the words that `span` covers.
 *
 * A source of several lines is cut to the line where the span starts; a span that runs over the end
 * of that line is marked to its end. Tabs before the mark are kept, so that the caret stays aligned. Of a long line
 * only what is around the mark is shown.
 */
export function renderSpan(source: string, span: Span, message: string, hint = ''): string {
  const lineStart = source.lastIndexOf('\n', span.start - 1) + 1;
  const newline = source.indexOf('\n', span.start);
  const whole = source.slice(lineStart, newline < 0 ? source.length : newline);
  const { line, column } = around(veiled(whole), span.start - lineStart);
  const width = Math.max(1, Math.min(span.end - span.start, line.length - column));
  const indent = line.slice(0, column).padEnd(column).replace(/[^\t]/g, ' ');
  const mark = `${indent}^${'~'.repeat(width - 1)}`;
  const rows = [line, `${mark} ${message}`];
  if (hint !== '') rows.push(`${mark.replace(/[^\t]/g, ' ')} ${hint}`);
  return rows.join('\n');
}

/** Control characters, and those that show nothing, turn the direction of writing or are half a character. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/gu;
/** Characters of a word that a message repeats. */
const LONGEST_WORD = 64;

/** A line with a mark for each character that a terminal would obey or not show, as wide as before; tabs stay. */
const veiled = (line: string): string =>
  line.replace(UNSEEN, (unseen) => (unseen === '\t' ? unseen : '�'.repeat(unseen.length)));

/** A message that shows what it repeats of a text, and of endless words only how they begin. */
export function legible(message: string): string {
  return message
    .split('\n')
    .map(veiled)
    .join('\n')
    .replace(/\S{128,}/gu, (word) => `${word.slice(0, LONGEST_WORD)}…${/['")]*$/.exec(word)![0]}`);
}

/** Characters of a line that are shown whole, and before and behind a place of a longer one. */
const LONGEST_LINE = 160;
const BEFORE = 60;
const BEHIND = 80;

/** The part of a line that a place is in, and where it is there. */
function around(line: string, column: number): { readonly line: string; readonly column: number } {
  if (line.length <= LONGEST_LINE) return { line, column };
  const from = Math.max(0, column - BEFORE);
  const to = Math.min(line.length, column + BEHIND);
  const [before, behind] = [from > 0 ? '…' : '', to < line.length ? '…' : ''];
  return { line: before + line.slice(from, to) + behind, column: column - from + before.length };
}

/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/**
 * The candidate most like `word`, or `undefined` when none is near enough to be a typing slip: the same in other letters
 * of case, else in longer words two slips and in short ones one. Short words are much like many others, so there the
 * slip has to be a swap of neighbours, or a letter too many or too few behind the first.
 */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  const lower = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = word.length <= 4 ? 2 : 3;
  for (const candidate of candidates) {
    if (candidate === lower && candidate !== word) return candidate;
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(lower, candidate);
    if (distance === 0 || distance >= bestDistance) continue;
    if (word.length <= 4 && !isShortSlip(lower, candidate)) continue;
    if (lower[0] !== candidate[0] && lower[0] !== candidate[1]) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

function isShortSlip(word: string, candidate: string): boolean {
  if (word.length !== candidate.length) return word[0] === candidate[0];
  return [...word].sort().join('') === [...candidate].sort().join('');
}

/** Marks a place that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
