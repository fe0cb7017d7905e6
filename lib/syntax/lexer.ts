/**
 * Text → tokens.
 *
 * libpcap's scanner is made by flex: of all patterns the one that matches most characters wins, and of
 * equals the one listed first. That is why `3-1` is one name, `0012345670123` an octal number but
 * `012345670123` a MAC address, and `aa:bb:cc:dd:ee` an error that quotes `aa:bb:cc:dd:`. The order kept
 * here is that of scanner.l: address literals, numbers, dotted numbers, IPv6, then words.
 */

import { legible, type Span } from '../source.js';
import { CONSTANTS, KEYWORDS, type Token, type TokenKind } from './token.js';

const SYNTAX_ERROR = "can't parse filter expression: syntax error";

export interface LexerOptions {
  /** Read `@name` as a token; without it `@` is an error, as in libpcap. */
  readonly named?: boolean;
  /** Give every token this span: the text was inserted there from elsewhere. */
  readonly span?: Span | undefined;
}

const OPERATOR = /&&|\|\||[<>]=|!=|==|<<|>>|[-+*/%:[\]!<>(){},&|^=]/y;
const MAC =
  /[0-9a-f]{1,2}(?:(?::[0-9a-f]{1,2}){5}|(?:-[0-9a-f]{1,2}){5}|(?:\.[0-9a-f]{1,2}){5})|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}|[0-9a-f]{12}/iy;
const NUMBER = /0x[0-9a-f]+|[0-9]+/iy;
const DOTTED = /(?:0x[0-9a-f]+|[0-9]+)(?:\.(?:0x[0-9a-f]+|[0-9]+)){1,3}/iy;
const FOUR_PARTS = /(?:0x[0-9a-f]+|[0-9]+)(?:\.(?:0x[0-9a-f]+|[0-9]+)){3}/iy;
const NEAR_MAC = /[0-9a-f]{1,2}:+(?:[0-9a-f]{1,2}:+)+/iy;
const WORD = /[A-Za-z0-9](?:[-_.A-Za-z0-9]*[.A-Za-z0-9])?/y;
const ESCAPED = /\\[^ !()\n\t]+/y;
const SHORT_ADDRESS = /\$[0-9A-Fa-f]{1,2}/y;
const NAMED = /@[A-Za-z0-9](?:[-_.A-Za-z0-9]*[A-Za-z0-9])?/y;
const HEX_GROUP = /[0-9A-Fa-f]{1,4}/y;

/** Length of what `pattern` matches at `at`, 0 for nothing. */
function lengthAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex - at : 0;
}

/** Reads one token after the other. Past the end it gives `end` for ever. */
export class Lexer {
  readonly text: string;
  readonly #options: LexerOptions;
  #at = 0;

  constructor(text: string, options: LexerOptions = {}) {
    this.text = text;
    this.#options = options;
  }

  next(): Token {
    const { text } = this;
    while (this.#at < text.length && ' \r\n\t'.includes(text[this.#at]!)) this.#at++;
    const start = this.#at;
    const { kind, length, word, value, problem } = scan(text, start, this.#options.named === true);
    this.#at += length;
    const raw = text.slice(start, this.#at);
    return {
      kind,
      text: kind === 'name' && raw.startsWith('\\') ? raw.slice(1) : raw,
      word: word ?? raw,
      value: value ?? 0,
      span: this.#options.span ?? { start, end: this.#at },
      problem,
    };
  }
}

/** All tokens of a text, the closing `end` (or first `error`) included. */
export function tokenize(text: string, options: LexerOptions = {}): Token[] {
  const lexer = new Lexer(text, options);
  const tokens: Token[] = [];
  for (;;) {
    const token = lexer.next();
    tokens.push(token);
    if (token.kind === 'end' || token.kind === 'error') return tokens;
  }
}

interface Scanned {
  readonly kind: TokenKind;
  readonly length: number;
  readonly word?: string;
  readonly value?: number;
  readonly problem?: Token['problem'] | undefined;
}

function failed(length: number, message: string, libpcapMessage: string, hint = ''): Scanned {
  return { kind: 'error', length, problem: { message, hint, libpcapMessage } };
}

function scan(text: string, at: number, named: boolean): Scanned {
  if (at >= text.length) return { kind: 'end', length: 0 };
  const operator = lengthAt(OPERATOR, text, at);
  // `::1` starts with an operator character too, and is longer.
  if (operator > 0 && text[at] !== ':') return scanOperator(text.slice(at, at + operator));
  if (text[at] === '\\') {
    const length = lengthAt(ESCAPED, text, at);
    if (length > 0) return { kind: 'name', length };
  }
  if (text[at] === '$') {
    const length = lengthAt(SHORT_ADDRESS, text, at);
    if (length > 0) return { kind: 'mac8', length };
  }
  if (named && text[at] === '@') {
    const length = lengthAt(NAMED, text, at);
    if (length > 0) return { kind: 'named', length };
  }
  return scanWord(text, at) ?? scanStray(text, at);
}

function scanOperator(operator: string): Scanned {
  const { length } = operator;
  if (operator === '&&') return { kind: 'and', length, word: 'and' };
  if (operator === '||') return { kind: 'or', length, word: 'or' };
  if (operator === '!') return { kind: 'not', length, word: 'not' };
  return { kind: 'operator', length, word: operator === '==' ? '=' : operator };
}

/** The longest of the patterns that start with a letter, a digit or a colon. */
function scanWord(text: string, at: number): Scanned | undefined {
  const digit = /[0-9A-Fa-f:]/.test(text[at]!);
  const word = lengthAt(WORD, text, at);
  const mac = digit ? lengthAt(MAC, text, at) : 0;
  const number = digit ? lengthAt(NUMBER, text, at) : 0;
  const dotted = digit ? lengthAt(DOTTED, text, at) : 0;
  const ipv6 = digit ? ipv6Length(text, at) : 0;
  const nearMac = digit ? lengthAt(NEAR_MAC, text, at) : 0;
  const colon = text[at] === ':' ? 1 : 0;
  const longest = Math.max(word, mac, number, dotted, ipv6, nearMac, colon);
  if (longest === 0) return undefined;
  const raw = text.slice(at, at + longest);
  const keyword = word === longest ? KEYWORDS.get(raw) : undefined;
  if (keyword !== undefined) return { ...keyword, length: longest };
  if (colon === longest) return { kind: 'operator', length: 1, word: ':' };
  if (mac === longest) return { kind: 'mac', length: longest };
  if (number === longest) return scanNumber(raw);
  if (dotted === longest) return { kind: 'dotted', length: longest };
  if (ipv6 === longest) return scanIpv6(raw);
  if (nearMac === longest) {
    const message = `invalid Ethernet address '${raw}'`;
    const hint = 'an Ethernet address has six parts: aa:bb:cc:dd:ee:ff';
    return failed(longest, message, `invalid Ethernet address ${raw}`, hint);
  }
  const constant = CONSTANTS.get(raw);
  if (constant !== undefined) return { kind: 'number', length: longest, value: constant };
  return { kind: 'name', length: longest };
}

function scanStray(text: string, at: number): Scanned {
  const character = String.fromCodePoint(text.codePointAt(at)!);
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  const shown = legible(character) === character ? `'${character}'` : `U+${code}`;
  return failed(character.length, `unexpected character ${shown}`, SYNTAX_ERROR, strayHint(character));
}

function strayHint(character: string): string {
  switch (character) {
    case '#':
      return 'comments are read from filter files only';
    case '"':
    case "'":
    case '‘':
    case '’':
    case '“':
    case '”':
      return 'names are written without quotes';
    case '~':
      return 'compare with a mask instead: (x & mask) = value';
    case '–':
    case '—':
    case '−':
      return "write '-'";
    default:
      if (/\s/.test(character)) return 'write a plain space';
      return legible(character) === character ? '' : 'it does not show: leave it out';
  }
}

/** Base by prefix as in C: `0x` hexadecimal, leading `0` octal, else decimal; at most 32 bits. */
function scanNumber(raw: string): Scanned {
  const { length } = raw;
  const base = /^0x/i.test(raw) ? 'hexadecimal' : raw.length > 1 && raw[0] === '0' ? 'octal' : 'decimal';
  const radix = base === 'hexadecimal' ? 16 : base === 'octal' ? 8 : 10;
  let value = 0;
  // Digit by digit: of two things wrong, the one further left is reported, as in libpcap.
  for (const character of base === 'hexadecimal' ? raw.slice(2) : raw) {
    const digit = Number.parseInt(character, 16);
    if (digit >= radix) {
      const message = `number ${raw} contains non-octal digit`;
      return failed(length, message, message, 'a leading 0 makes a number octal');
    }
    value = value * radix + digit;
    if (value > 0xffff_ffff) {
      const message = `${base} number ${raw} overflows 32 bits`;
      return failed(length, message, message);
    }
  }
  return { kind: 'number', length, value };
}

/**
 * Length of the longest IPv6 address that starts at `at`: up to eight groups, at most one `::`, the last
 * two groups perhaps as a dotted IPv4 address (RFC 4291 §2.2).
 */
function ipv6Length(text: string, at: number): number {
  let end = at;
  let groups = 0;
  let gap = false;
  let longest = 0;
  const mark = (position: number) => {
    longest = Math.max(longest, position - at);
  };
  const dottedAt = (position: number, before: number) => {
    const length = before <= (gap ? 5 : 6) ? lengthAt(FOUR_PARTS, text, position) : 0;
    if (length > 0 && (gap || before === 6)) mark(position + length);
  };
  for (;;) {
    if (!gap && groups <= 7 && text.startsWith('::', end)) {
      gap = true;
      end += 2;
      mark(end);
    } else if (groups > 0 && text[end] === ':' && text[end + 1] !== ':') {
      end++;
    } else if (end !== at || groups > 0) {
      return longest;
    }
    dottedAt(end, groups);
    const group = lengthAt(HEX_GROUP, text, end);
    if (group === 0) return longest;
    end += group;
    groups++;
    if (gap ? groups <= 7 : groups === 8) mark(end);
    if (groups >= 8) return longest;
  }
}

/** The dotted part may be hexadecimal or too large for a byte as far as the pattern goes. */
function scanIpv6(raw: string): Scanned {
  const parts = raw.includes('.') ? raw.slice(raw.lastIndexOf(':') + 1).split('.') : [];
  if (parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) {
    return { kind: 'ipv6', length: raw.length };
  }
  const hint = 'the dotted part is four decimal numbers, 0 to 255';
  return failed(raw.length, `invalid IPv6 address '${raw}'`, `invalid IPv6 address ${raw}`, hint);
}
