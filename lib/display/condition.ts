/** Conditions on packets as capture filters say them: built, made simpler, and written down. */

export type Condition =
  | 'all'
  | 'none'
  | { readonly kind: 'test'; readonly text: string }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition };

export const test = (text: string): Condition => ({ kind: 'test', text });
export const both = (...parts: readonly Condition[]): Condition => joined('and', 'all', 'none', parts);
export const any = (...parts: readonly Condition[]): Condition => joined('or', 'none', 'all', parts);

export function no(part: Condition): Condition {
  if (part === 'all') return 'none';
  if (part === 'none') return 'all';
  return part.kind === 'not' ? part.part : { kind: 'not', part };
}

/** @param unit - What changes nothing; `zero` is what decides. */
function joined(
  kind: 'and' | 'or',
  unit: 'all' | 'none',
  zero: 'all' | 'none',
  parts: readonly Condition[],
): Condition {
  const found = new Map<string, Condition>();
  for (const part of parts.flatMap((each) =>
    typeof each === 'object' && each.kind === kind ? each.parts : [each],
  )) {
    if (part === zero) return zero;
    if (part !== unit) found.set(write(part), part);
  }
  const all = [...found.values()];
  const rest = kind === 'and' ? all.filter((part) => !isImplied(part, all)) : all;
  return rest.length === 0 ? unit : rest.length === 1 ? rest[0]! : { kind, parts: rest };
}

/** What a test is of: the protocol whose word it begins with, whose bytes or ports it looks at. */
function protocolOf(text: string): string | undefined {
  const over6 = /^ip6\[6\] = (\d+)$/.exec(text)?.[1];
  if (over6 !== undefined) return { 6: 'tcp', 17: 'udp', 132: 'sctp' }[over6];
  return /^(tcp|udp|sctp|arp|ip|ip6)\b/.exec(text)?.[1];
}

/** Whether that a packet is of some protocols is said by another part of the same condition. */
function isImplied(part: Condition, all: readonly Condition[]): boolean {
  const list = typeof part === 'object' && part.kind === 'or' ? part.parts : [part];
  const words = list.map((each) => (typeof each === 'object' && each.kind === 'test' ? each.text : ''));
  if (!words.every((word) => /^\w+$/.test(word))) return false;
  const implies = (other: Condition): boolean => {
    if (typeof other === 'string' || other.kind === 'not') return false;
    if (other.kind === 'test') return words.includes(protocolOf(other.text) ?? '');
    return other.kind === 'and' ? other.parts.some(implies) : other.parts.every(implies);
  };
  return all.some((other) => other !== part && implies(other));
}

/** The expression; `''` for every packet, and for none, which no expression says. `and` and `or` bind alike in it. */
export function write(condition: Condition): string {
  if (typeof condition === 'string') return '';
  if (condition.kind === 'test') return condition.text;
  if (condition.kind === 'not') return `not ${within(condition.part)}`;
  return condition.parts.map(within).join(` ${condition.kind} `);
}

function within(part: Condition): string {
  const text = write(part);
  return typeof part === 'object' && part.kind !== 'and' && part.kind !== 'or' && !/ (and|or) /.test(text)
    ? text
    : `(${text})`;
}
