/**
 * What people write who know another language, or this one by hearsay: a table of such phrases and of what they are
 * in a capture filter. It is asked only once an expression has failed, and only about the words at the place of the failure.
 */

import type { Span } from '../source.js';
import { displayFilterHint } from './displayHabits.js';

/** A phrase and its rewrite. The pattern is searched for; the failure has to lie within what it finds. */
interface Habit {
  readonly pattern: RegExp;
  /** What to write instead, `undefined` where the phrase is none of these after all. */
  readonly rewrite: (...groups: readonly string[]) => string | undefined;
}

/** Where a test may begin. */
const START = String.raw`(?<=^\s*|[(!]\s*|\b(?:not|and|or)\s+|&&\s*|\|\|\s*)`;
const IPV4 = String.raw`\d{1,3}(?:\.\d{1,3}){3}`;
const IPV6 = `(?=[0-9a-f:.]*:[0-9a-f:.]*:)[0-9a-f:]{2,}(?:${IPV4})?`;
const MAC = `(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}`;
const COMPARE = `(==|=|!=|<=|>=|<|>)`;
const FLAG = 'fin|syn|rst|reset|push|psh|ack|urg|ece|cwr';
/** `src `, `dst `, and their like, with the space behind them. */
const DIRECTION = String.raw`((?:\b(?:src|dst|src or dst|src and dst)\s+)?)`;

const FLAG_NAMES: ReadonlyMap<string, string> = new Map([
  ['psh', 'push'],
  ['reset', 'rst'],
]);
const flagTest = (flag: string): string => `tcp[tcpflags] & ${flagName(flag)} != 0`;
const flagName = (flag: string): string => `tcp-${FLAG_NAMES.get(flag.toLowerCase()) ?? flag.toLowerCase()}`;

/** Fields of the IPv4 header by the names that people give them, as one reads them here. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ['dscp', 'ip[1] >> 2'],
  ['ecn', 'ip[1] & 3'],
  ['tos', 'ip[1]'],
  ['ttl', 'ip[8]'],
  ['size', 'len'],
  ['length', 'len'],
]);

/** RFC 2474, RFC 2597, RFC 3246 */
const CODE_POINTS: ReadonlyMap<string, number> = new Map([
  ['ef', 46],
  ...Array.from({ length: 8 }, (_, i): [string, number] => [`cs${i}`, 8 * i]),
  ...[1, 2, 3, 4].flatMap((i) => [1, 2, 3].map((j): [string, number] => [`af${i}${j}`, 8 * i + 2 * j])),
]);

const FRAGMENTS: ReadonlyMap<string, string> = new Map([
  ['frag', 'ip[6:2] & 0x3fff != 0'],
  ['df', 'ip[6] & 0x40 != 0'],
  ['mf', 'ip[6] & 0x20 != 0'],
]);

/** Protocols by their usual names where the language has another one. */
const PROTOCOLS: ReadonlyMap<string, string> = new Map([
  ['ipv4', 'ip'],
  ['ipv6', 'ip6'],
  ['icmpv6', 'icmp6'],
]);

const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ['request', '1'],
  ['reply', '2'],
]);

/** The number whose bytes an IPv4 address is. */
const numberOf = (address: string): string =>
  `0x${address
    .split('.')
    .map((byte) => Number(byte).toString(16).padStart(2, '0'))
    .join('')}`;

/** `192.0.2.*` as the network that it means. */
function wildcard(direction: string, address: string): string {
  const bytes = address.split('.').filter((byte) => /^\d+$/.test(byte));
  return `${direction}net ${[...bytes, 0, 0, 0].slice(0, 4).join('.')}/${8 * bytes.length}`;
}

function alternatives(what: string, values: string): string | undefined {
  const list = values.split(/\s*,\s*|\s+/).filter((value) => value !== '' && value !== 'or');
  return list.length < 2 ? undefined : `${what} (${list.join(' or ')})`;
}

/** `host` or `net` with an address; `ether` before one that belongs there. */
const addressTest = (direction: string, address: string, prefix = ''): string =>
  new RegExp(`^${MAC}$`, 'i').test(address)
    ? `ether ${direction === '' ? 'host ' : direction}${address}`
    : `${direction}${prefix === '' ? 'host' : 'net'} ${address}${prefix}`;

const expression = (text: string): RegExp => new RegExp(text, 'gi');

const HABITS: readonly Habit[] = [
  // Addresses
  {
    pattern: expression(`${DIRECTION}(?:(?:host|net)\\s+)?(${IPV4})\\s*:\\s*(\\d+)(?![\\d:])`),
    rewrite: (direction, address, port) => `${direction}host ${address} and ${direction}port ${port}`,
  },
  {
    pattern: expression(`${DIRECTION}(?:(?:host|net)\\s+)?((?:\\d{1,3}\\.){1,3}(?:[*x]\\.)*[*x])`),
    rewrite: wildcard,
  },
  {
    pattern: expression(
      `${DIRECTION}(?:(?:ip|ipv4|ip6|ipv6|addr|address|mac|ether)\\s+)(${MAC}|${IPV4}|${IPV6})()`,
    ),
    rewrite: addressTest,
  },
  {
    pattern: expression(`((?:src|dst|src or dst|src and dst)\\s+)(${IPV4}|${IPV6})(/\\d+)`),
    rewrite: addressTest,
  },
  { pattern: expression(`${START}()(${MAC}|${IPV4}|${IPV6})((?:/\\d+)?)(?![\\w:.])`), rewrite: addressTest },
  {
    pattern: expression(`(\\w+\\[[^\\]]*:\\s*4\\s*\\](?:\\s*&\\s*\\w+)?\\s*)${COMPARE}(\\s*)(${IPV4})`),
    rewrite: (field, compare, _, address) => `${field!.trim()} ${compare} ${numberOf(address!)}`,
  },
  // Ports and lists
  {
    pattern: expression(`${DIRECTION}port(?:range|s)?\\s+(\\d+)\\s*(?:-|:|\\.\\.+|\\bto\\b)\\s*(\\d+)`),
    rewrite: (direction, first, last) => `${direction}portrange ${first}-${last}`,
  },
  {
    pattern: expression(
      `\\b(port|host|net|proto)s?\\s+[({]?\\s*((?:[\\d.:/]+(?:\\s*,\\s*|\\s+(?:or\\s+)?))+[\\d.:/]+)\\s*[)}]?`,
    ),
    rewrite: (what, values) => alternatives(what!.toLowerCase(), values!),
  },
  {
    pattern: expression(`(?<![.\\w])(port|host|net|proto|portrange)\\s*(?:==|=|:|\\beq\\b)\\s*([\\w.:/-]+)`),
    rewrite: (what, value) => `${what} ${value}`,
  },
  {
    pattern: expression(
      `${DIRECTION}(?<![.\\w])(port|host|net|portrange)\\s*(?:!=|<>|\\bne\\b)\\s*([\\w.:/-]+)`,
    ),
    rewrite: (direction, what, value) => `not ${direction}${what} ${value}`,
  },
  {
    pattern: expression(`\\bvlan\\s+(?:id\\s+)?(\\d+)\\s*(?:-|:|\\.\\.+|\\bto\\b)\\s*(\\d+)`),
    rewrite: (first, last) => `vlan and link[14:2] & 0xfff >= ${first} and link[14:2] & 0xfff <= ${last}`,
  },
  { pattern: expression('\\bvlan\\s*(?:id|=|==)\\s*(\\d+)'), rewrite: (id) => `vlan ${id}` },
  // Fields by name
  {
    pattern: expression(
      `\\btcp\\s*\\[\\s*(?:tcpflags|13)\\s*\\]\\s*(?:&|==|=)\\s*(?:tcp-)?(${FLAG})(?![-\\w])(?:\\s*(?:!=|=|==)\\s*\\d+)?`,
    ),
    rewrite: (flag) => flagTest(flag!),
  },
  { pattern: expression(`\\btcp\\s+(?:flags?\\s+)?(${FLAG})(?![-\\w])`), rewrite: (flag) => flagTest(flag!) },
  { pattern: expression(`${START}(?:tcp-)?(${FLAG})(?![-\\w])`), rewrite: (flag) => flagTest(flag!) },
  {
    pattern: expression(`${START}(?:ip\\s+)?(dscp|ecn|tos|ttl|size|length)\\s*(?:${COMPARE}\\s*)?(\\w+)`),
    rewrite(name, compare = '=', value = '') {
      const number = name!.toLowerCase() === 'dscp' ? (CODE_POINTS.get(value.toLowerCase()) ?? value) : value;
      return /^(?:\d|0x)/i.test(`${number}`)
        ? `${FIELDS.get(name!.toLowerCase())} ${compare === '==' ? '=' : compare} ${number}`
        : undefined;
    },
  },
  {
    pattern: expression(`${START}(?:ip\\s+)?(frag|df|mf)(?:ment(?:s|ed)?)?(?![-\\w])`),
    rewrite: (name) => FRAGMENTS.get(name!.toLowerCase()),
  },
  {
    pattern: expression('\\b(icmp6?)(?:v6)?\\s+(type|code)\\s*(?:==|=)?\\s*([\\w-]+)'),
    rewrite: (protocol, field, value) => `${protocol}[${protocol}${field}] = ${value}`,
  },
  {
    pattern: expression('\\bicmp\\s+(echo|ping)(?:[- ](request|reply))?\\b'),
    rewrite: (_, which) => `icmp[icmptype] = icmp-${which === 'reply' ? 'echoreply' : 'echo'}`,
  },
  {
    pattern: expression('\\b(r?arp)\\s+(request|reply)\\b'),
    rewrite: (protocol, operation) => `${protocol}[6:2] = ${OPERATIONS.get(operation!.toLowerCase())}`,
  },
  // Protocols by name
  {
    pattern: expression(
      '\\b(?:(ether|link|ip6?)\\s+)?proto\\s*(?:==|=)?\\s*\\\\?(ipv4|ipv6|icmpv6)(?![-\\w])',
    ),
    rewrite: (layer, name) =>
      `${layer === undefined ? '' : `${layer} `}proto \\${PROTOCOLS.get(name!.toLowerCase())}`,
  },
  {
    pattern: expression(
      '\\b(?:(ether|link|ip6?)\\s+)?proto\\s*(?:==|=)?\\s*(tcp|udp|icmp6?|igmp|sctp|esp|ah|pim|vrrp|ip6?|arp|rarp)(?![-\\w])',
    ),
    rewrite: (layer, name) => `${layer === undefined ? '' : `${layer} `}proto \\${name!.toLowerCase()}`,
  },
  // What stands around
  { pattern: /[;,.]+\s*$/g, rewrite: () => '' },
];

/**
 * What to write instead of the words at the place where an expression failed, as a hint; `undefined` where they are
 * nothing that is known.
 */
export function habitHint(source: string, { start, end }: Span): string | undefined {
  for (const { pattern, rewrite } of HABITS)
    for (const match of source.slice(0, MOST_LOOKED_AT).matchAll(pattern)) {
      const [phrase, ...groups] = match;
      const last = match.index + phrase.length;
      const isNear = match.index <= Math.max(start, end - 1) && (last > start || start === source.length);
      if (!isNear) continue;
      const instead = rewrite(...groups);
      if (instead === undefined || instead === phrase) continue;
      return instead === '' ? `leave the '${phrase.trim()}' out` : `write '${instead}'`;
    }
  const before = /[\w.]+(?=\s*$)/.exec(source.slice(0, start))?.index ?? start;
  return displayFilterHint(source, before) ?? displayFilterHint(source, start);
}

/** Characters of an expression that are searched: nobody writes longer ones by hand. */
const MOST_LOOKED_AT = 4000;
