/**
 * Display filters as capture filters.
 *
 * Each node becomes a pair of bounds: what surely contains it and what it surely contains. `not` swaps them. They are
 * told for packets that carry no others; of the rest nothing but properties of the frame are known.
 */

import { closest, FilterError, type Span } from '../source.js';
import { CARRIED, WHOLE } from './carried.js';
import { any, both, type Condition, no, write } from './condition.js';
import { FIELDS, type Field, type Interval } from './fields.js';
import { carriesNone, LINKS, type Link } from './nested.js';
import { type Display, numberOf, type Operand, parseDisplay } from './parse.js';

/** A part of a display filter that no capture filter can say. */
export interface LeftOver {
  /** As it is written. */
  readonly text: string;
  readonly reason: string;
}

/** What a display filter is translated for. */
export interface TranslateOptions {
  /** Name of the packets' link type, Ethernet (`EN10MB`) by default; else `LINUX_SLL`, `LINUX_SLL2`, `RAW`, `NULL` or `LOOP`. */
  readonly linkType?: string | undefined;
}

/** A display filter as a capture filter, for packets of one link type. */
export interface Translation {
  /** In libpcap's language; `''` where every packet may match, `undefined` where none can. */
  readonly expression: string | undefined;
  /** The same without packets that carry others: tunnelled ones, tagged ones, ICMP errors, fragments. */
  readonly outer: string | undefined;
  /** Whether `outer` selects exactly what the display filter does among packets that carry no others. */
  readonly exact: boolean;
  /** What is left for `tshark -Y`. */
  readonly left: readonly LeftOver[];
}

/** What surely contains a condition, and what it surely contains. */
interface Bounds {
  readonly over: Condition;
  readonly under: Condition;
}

interface Translated {
  /** Among packets that carry no others. */
  readonly plain: Bounds;
  /** Among those that do. */
  readonly nested: Bounds;
}

const exactly = (condition: Condition): Bounds => ({ over: condition, under: condition });
const UNKNOWN: Bounds = { over: 'all', under: 'none' };

/**
 * @param source - A display filter of Wireshark 4.
 * @throws FilterError with the place, where it is none.
 * @throws RangeError for another link type.
 */
export function translate(source: string, { linkType = 'EN10MB' }: TranslateOptions = {}): Translation {
  const link = LINKS.get(linkType);
  if (link === undefined)
    throw new RangeError(
      `link type ${linkType}: display filters are translated for ${[...LINKS.keys()].join(', ')}`,
    );
  if (source.trim() === '') return { expression: '', outer: '', exact: true, left: [] };
  try {
    return new Translator(source, link).result();
  } catch (error) {
    throw error instanceof FilterError ? error.about(source) : error;
  }
}

/**
 * What a comparison of one field asks for, as a capture filter: of the headers that a capture filter looks at, which are the
 * outermost ones unless `vlan` and its like have moved them.
 *
 * @param comparison - `ip.src == 192.0.2.1`, `tcp.port in {80, 443}`; `=` is `==`.
 * @returns `undefined` where no capture filter says it.
 */
export function fieldExpression(comparison: string): string | undefined {
  try {
    const { outer, exact } = translate(comparison.replace(' = ', ' == '));
    // Neither all packets nor none have words of their own.
    return exact ? (outer ?? '1 = 0') || 'len >= 0' : undefined;
  } catch (error) {
    if (error instanceof FilterError) return undefined;
    throw error;
  }
}

/** A field before a comparison. */
const COMPARED = /^\w+(?:\.\w+)+(?=\s*(?:[!=<>]|(?:in|eq|ne|[gl][et])\b))/;

/** What a field holds that is compared with something else; `undefined` where the text compares none that is known. */
export function valuesHint(text: string): string | undefined {
  const field = FIELDS.get(COMPARED.exec(text)?.[0] ?? '');
  if (field === undefined) return undefined;
  const isNumber = field.kind === 'number' || field.kind === 'port';
  return isNumber ? `its values are 0 to ${field.max}` : 'its values are addresses';
}

/** What may be meant by a field that is compared and not known; `undefined` where the text compares none. */
export function fieldHint(text: string): string | undefined {
  const name = COMPARED.exec(text)?.[0];
  if (name === undefined) return undefined;
  const near = closest(name, [...FIELDS.keys()]);
  return near === undefined
    ? "'weir translate' makes the tightest capture filter of a display filter"
    : `did you mean '${near}'?`;
}

class Translator {
  private readonly source: string;
  private readonly left: LeftOver[] = [];
  private readonly link: Link;

  constructor(source: string, link: Link) {
    this.source = source;
    this.link = link;
  }

  result(): Translation {
    const { plain, nested } = this.of(parseDisplay(this.source));
    const written = (condition: Condition) => (condition === 'none' ? undefined : write(condition));
    return {
      // These first: what is too short for its headers is among them, and to look for these would refuse it.
      expression: written(any(both(nested.over, no(carriesNone(this.link))), plain.over)),
      outer: written(plain.over),
      exact: this.left.length === 0,
      left: this.left,
    };
  }

  private of(display: Display): Translated {
    switch (display.kind) {
      case 'and':
      case 'or': {
        const join = display.kind === 'and' ? both : any;
        const parts = display.parts.map((part) => this.of(part));
        const bounds = (list: readonly Bounds[]): Bounds => ({
          over: join(...list.map(({ over }) => over)),
          under: join(...list.map(({ under }) => under)),
        });
        return {
          plain: bounds(parts.map(({ plain }) => plain)),
          nested: bounds(parts.map(({ nested }) => nested)),
        };
      }
      case 'not': {
        const { plain, nested } = this.of(display.part);
        const swapped = ({ over, under }: Bounds): Bounds => ({ over: no(under), under: no(over) });
        return { plain: swapped(plain), nested: swapped(nested) };
      }
      case 'test':
        return this.test(display);
      case 'beyond':
        return this.beyond(display.field, display.span, display.reason);
    }
  }

  private test(display: Display & { readonly kind: 'test' }): Translated {
    const { field: name, relation, operands, mask, span } = display;
    if (this.link.without.includes(/^[^.]*/.exec(name)![0]))
      return { plain: exactly('none'), nested: UNKNOWN };
    const whole = WHOLE.get(name);
    if (whole !== undefined && relation === undefined && mask === undefined)
      return { plain: exactly(whole), nested: name === 'frame' ? exactly('all') : UNKNOWN };
    const carried = CARRIED.get(name);
    if (carried === 'none') return { plain: exactly('none'), nested: UNKNOWN };
    const field = FIELDS.get(name);
    if (field === undefined)
      return this.beyond(
        name,
        span,
        carried === undefined ? 'no capture filter tests it' : 'its contents tell it',
      );
    const asked = relation === undefined && mask === undefined ? field.exists : this.asked(field, display);
    if (asked === undefined)
      return this.beyond(
        name,
        span,
        `${mask === undefined ? relation : '&'} with ${operands[0]?.text ?? mask} is not said of it`,
      );
    const plain = exactly(asked);
    return { plain, nested: field.ofFrame ? plain : UNKNOWN };
  }

  /** Within what carries the protocol; nothing is sure to match. */
  private beyond(field: string, span: Span, reason: string): Translated {
    this.left.push({ text: this.source.slice(span.start, span.end), reason });
    const protocol = /^[^.]*/.exec(field)![0];
    const over = FIELDS.get(field)?.exists ?? WHOLE.get(protocol) ?? CARRIED.get(protocol) ?? 'all';
    return { plain: { over, under: 'none' }, nested: UNKNOWN };
  }

  /** `undefined` where there is no way to say it. */
  private asked(field: Field, display: Display & { readonly kind: 'test' }): Condition | undefined {
    const { relation = '!==', operands, mask } = display;
    if (field.kind === 'ipv6' || field.kind === 'ether')
      return mask === undefined ? this.addressed(field, relation, operands) : undefined;
    // Bits that are asked for alone: one of them is set.
    const given =
      display.relation === undefined ? [[0, 0] as const] : operands.map((each) => intervalOf(field, each));
    if (given.some((interval) => interval === undefined)) return undefined;
    const intervals = given as readonly Interval[];
    const max = field.max;
    const [low, high] = intervals[0]!;
    const among = (...list: readonly Interval[]): Condition => {
      const some = list.filter(([from, to]) => from <= to);
      return some.length === 0 ? 'none' : field.within(some, mask);
    };
    const others: readonly Interval[] = [
      [0, low - 1],
      [high + 1, max],
    ];
    switch (relation) {
      case '==':
        return among(...intervals);
      case 'in':
        return any(...intervals.map((interval) => among(interval)));
      case '!=':
        return both(field.exists, no(among(...intervals)));
      case '===':
        return both(field.exists, no(among(...others)));
      case '!==':
        return among(...others);
      case '<':
        return among([0, low - 1]);
      case '<=':
        return among([0, high]);
      case '>':
        return among([high + 1, max]);
      case '>=':
        return among([low, max]);
    }
  }

  private addressed(field: Field, relation: string, operands: readonly Operand[]): Condition | undefined {
    const texts = operands.map(({ text, high }) => (high === undefined ? addressOf(field, text) : undefined));
    if (texts.some((text) => text === undefined)) return undefined;
    const found = any(...texts.map((text) => field.is(text!)));
    if (relation === '==' || relation === 'in') return found;
    if (relation === '!=' || (relation === '!==' && !field.several)) return both(field.exists, no(found));
    return relation === '===' && !field.several ? found : undefined;
  }
}

/** What numbers a value stands for; `undefined` where it is a name. @throws FilterError for what does not fit. */
function intervalOf(field: Field, { text, high, span }: Operand): Interval | undefined {
  const low = field.kind === 'ipv4' ? networkOf(text) : numbered(field, text);
  const last = high === undefined ? low : field.kind === 'ipv4' ? networkOf(high) : numbered(field, high);
  if (low === undefined || last === undefined) return undefined;
  if (last[1] > (field.kind === 'number' && field.max === 0xffffffff ? 0xffffffff : widthOf(field)))
    throw new FilterError('this number is too large for the field', span);
  if (low[0] > last[1]) throw new FilterError('this range ends before it begins', span);
  return [low[0], last[1]];
}

/** Wireshark takes numbers of as many bytes as the field has, whatever its bits. */
const widthOf = ({ max }: Field): number => (max <= 0xff ? 0xff : max <= 0xffff ? 0xffff : 0xffffffff);

function numbered({ max }: Field, text: string): Interval | undefined {
  if (max === 1 && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true' ? [1, 1] : [0, 0];
  const number = numberOf(text);
  return number === undefined ? undefined : [number, number];
}

function networkOf(text: string): Interval | undefined {
  const [, a, b, c, d, length = '32'] = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(text) ?? [];
  if (a === undefined) return undefined;
  const bytes = [a, b, c, d].map(Number);
  if (bytes.some((byte) => byte > 255) || Number(length) > 32) return undefined;
  const address = bytes.reduce((all, byte) => all * 256 + byte, 0);
  const size = 2 ** (32 - Number(length));
  const low = address - (address % size);
  return [low, low + size - 1];
}

function addressOf(field: Field, text: string): string | undefined {
  if (field.kind === 'ether') {
    const digits = text.replaceAll(/[:.-]/g, '');
    return /^[0-9a-f]{12}$/i.test(digits) ? digits.match(/../g)!.join(':').toLowerCase() : undefined;
  }
  if (!/^[0-9a-f:.]*:[0-9a-f:.]*(\/\d+)?$/i.test(text)) return undefined;
  const [address, length] = text.split('/');
  return length === undefined || length === '128' ? address : networkOf6(address!, Number(length));
}

/** libpcap wants no bits behind the prefix. */
function networkOf6(address: string, length: number): string | undefined {
  if (length > 128) return undefined;
  const [head = '', tail] = address.split('::');
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [front, back] = [words(head), words(tail ?? '')];
  if ([...front, ...back].some((word) => word.includes('.'))) return undefined;
  const all =
    tail === undefined ? front : [...front, ...Array(8 - front.length - back.length).fill('0'), ...back];
  if (all.length !== 8) return undefined;
  const kept = all.map((word, place) => {
    const bits = Math.max(0, Math.min(16, length - 16 * place));
    return (Number.parseInt(word, 16) & (0xffff << (16 - bits)) & 0xffff).toString(16);
  });
  return `${kept.join(':')}/${length}`;
}
