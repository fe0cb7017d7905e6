/** Capture filters as display filters of Wireshark 4, which look into tunnels, too. */

import { type Resolver, type Transport, wellKnownResolver } from '../names/index.js';
import { FilterError, type Span } from '../source.js';
import {
  type Expr,
  type Identifier,
  type Protocol,
  parse,
  postorder,
  type Qualifiers,
} from '../syntax/index.js';
import { relation, unsaid } from './relation.js';

/**
 * @param source - An expression of libpcap's language.
 * @param resolver - Who knows the ports of services; without it only the usual ones are known.
 * @returns A display filter that selects the same among packets that carry no others.
 * @throws FilterError with the place, where it is no expression, or where no display filter says it.
 */
export function toDisplay(source: string, resolver: Services = wellKnownResolver): string {
  if (source.trim() === '') return '';
  try {
    const tree = parse(source);
    return tree === undefined ? '' : translateTree(tree, resolver);
  } catch (error) {
    throw error instanceof FilterError ? error.about(source) : error;
  }
}

type Services = Pick<Resolver, 'service'>;

/** Without recursion: an expression may be as deep as it is long. */
function translateTree(root: Expr, resolver: Services): string {
  const texts = new Map<Expr, string>();
  for (const node of postorder(root))
    texts.set(
      node,
      textOf(node, resolver, (operand) => texts.get(operand)!),
    );
  return texts.get(root)!;
}

function textOf(node: Expr, resolver: Services, of: (operand: Expr) => string): string {
  switch (node.kind) {
    case 'and':
    case 'or':
      return [node.left, node.right].map((side) => within(of(side), node.kind)).join(` ${node.kind} `);
    case 'not':
      return / (and|or|in) |[=<>&]/.test(of(node.operand))
        ? `not (${bare(of(node.operand))})`
        : `not ${of(node.operand)}`;
    case 'group':
    case 'scope':
    case 'named':
    case 'qualified':
      return of(node.operand);
    case 'id':
      if (node.qualifiers === undefined) throw unsaid(node.span);
      return identifier(node.id, node.qualifiers, node.span, resolver);
    case 'relation':
      return relation(node.left, node.op, node.right, node.span);
    default:
      return primitive(node);
  }
}

/** In `and` and `or` of the other kind. */
const within = (text: string, kind: 'and' | 'or'): string =>
  new RegExp(` ${kind === 'and' ? 'or' : 'and'} `).test(text) && !isGroup(text) ? `(${text})` : text;
const isGroup = (text: string): boolean => /^(not )?\(/.test(text) && closes(text) === text.length - 1;
const bare = (text: string): string => (text.startsWith('(') && isGroup(text) ? text.slice(1, -1) : text);

/** Where the first parenthesis is closed. */
function closes(text: string): number {
  let open = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') open++;
    else if (text[at] === ')' && --open === 0) return at;
  }
  return text.length;
}

/** Names that Wireshark has another word for. */
const WORDS: Partial<Readonly<Record<Protocol, string>>> = {
  ip: 'ip',
  ip6: 'ipv6',
  arp: 'arp',
  rarp: 'eth.type == 0x8035',
  tcp: 'tcp',
  udp: 'udp',
  sctp: 'sctp',
  icmp: 'icmp',
  icmp6: 'icmpv6',
  igmp: 'ip.proto == 2',
  pim: '(ip.proto == 103 or ipv6.nxt == 103)',
  vrrp: 'ip.proto == 112',
  carp: 'ip.proto == 112',
  ah: '(ip.proto == 51 or ipv6.nxt == 51)',
  esp: '(ip.proto == 50 or ipv6.nxt == 50)',
  stp: 'stp',
  ipx: 'ipx',
  atalk: 'ddp',
};

function primitive(
  node: Exclude<
    Expr,
    { kind: 'and' | 'or' | 'not' | 'group' | 'scope' | 'named' | 'qualified' | 'id' | 'relation' }
  >,
): string {
  switch (node.kind) {
    case 'protocol': {
      const word = WORDS[node.protocol];
      if (word === undefined) throw unsaid(node.span);
      return word;
    }
    case 'less':
      return `frame.len <= ${node.length.value}`;
    case 'greater':
      return `frame.len >= ${node.length.value}`;
    case 'broadcast':
      if (node.protocol === 'ip') throw unsaid(node.span, 'write the address: ip.dst == 192.0.2.255');
      return 'eth.dst == ff:ff:ff:ff:ff:ff';
    case 'multicast':
      if (node.protocol === 'ip') return 'ip.dst == 224.0.0.0/4';
      return node.protocol === 'ip6' ? 'ipv6.dst == ff00::/8' : 'eth.dst.ig == 1';
    case 'encapsulation': {
      // Wireshark looks behind extension headers anyway, and `ip and …` would be wrong within.
      if (node.name === 'transport') throw unsaid(node.span);
      const [word, field] = ENCAPSULATED[node.name];
      if (field === undefined && node.number !== undefined) throw unsaid(node.span);
      return node.number === undefined ? word : `${field} == ${node.number.value}`;
    }
    case 'pppoed':
      return 'pppoed';
    default:
      throw unsaid(node.span);
  }
}

const ENCAPSULATED = {
  vlan: ['vlan', 'vlan.id'],
  mpls: ['mpls', 'mpls.label'],
  pppoes: ['pppoes', 'pppoe.session_id'],
  geneve: ['geneve', 'geneve.vni'],
  vxlan: ['vxlan', 'vxlan.vni'],
  gre: ['gre', 'gre.key'],
  erspan: ['erspan', 'erspan.spanid'],
  ipip: ['(ip.proto in {4, 41} or ipv6.nxt in {4, 41})'],
  gtp: ['gtp', 'gtp.teid'],
} as const;

/** What the fields that hold a source and a destination are called, after the name of what holds both. */
const SIDES: Readonly<Record<string, readonly [source: string, target: string]>> = {
  'ip.addr': ['ip.src', 'ip.dst'],
  'ipv6.addr': ['ipv6.src', 'ipv6.dst'],
  'eth.addr': ['eth.src', 'eth.dst'],
  'arp.proto_ipv4': ['arp.src.proto_ipv4', 'arp.dst.proto_ipv4'],
  'tcp.port': ['tcp.srcport', 'tcp.dstport'],
  'udp.port': ['udp.srcport', 'udp.dstport'],
  'sctp.port': ['sctp.srcport', 'sctp.dstport'],
};

/** One of the fields, on the side that is asked for. */
function sided(
  names: readonly string[],
  { direction = 'src or dst' }: Qualifiers,
  is: string,
  span: Span,
): string {
  const texts = names.map((name) => {
    const [source, target] = SIDES[name]!;
    if (direction === 'src') return `${source} ${is}`;
    if (direction === 'dst') return `${target} ${is}`;
    if (direction === 'src and dst') return `(${source} ${is} and ${target} ${is})`;
    if (direction !== 'src or dst') throw unsaid(span);
    return name === 'arp.proto_ipv4' ? `${source} ${is} or ${target} ${is}` : `${name} ${is}`;
  });
  const joined = texts.join(' or ');
  return texts.length > 1 || / or /.test(joined) ? `(${joined})` : joined;
}

function identifier(id: Identifier, qualifiers: Qualifiers, span: Span, resolver: Services): string {
  const { type = 'host', protocol } = qualifiers;
  switch (type) {
    case 'host':
    case 'net':
      return address(id, qualifiers, span);
    case 'port':
    case 'portrange': {
      const { is, transports } = ports(id, resolver, span);
      const wanted = protocol === undefined ? transports : transports.filter((name) => name === protocol);
      if (wanted.length === 0) throw unsaid(span);
      const texts = wanted.map((name) => sided([`${name}.port`], qualifiers, is, span));
      return texts.length === 1 ? texts[0]! : `(${texts.join(' or ')})`;
    }
    case 'proto':
      return numbered(id, protocol, span);
    default:
      throw unsaid(span);
  }
}

const TRANSPORTS: readonly Transport[] = ['tcp', 'udp', 'sctp'];

/** What ports are compared with, and of which transports: a service that two have alike is one of all, as in libpcap. */
function ports(
  id: Identifier,
  resolver: Services,
  span: Span,
): { readonly is: string; readonly transports: readonly Transport[] } {
  if (id.kind === 'number') return { is: `== ${id.value}`, transports: TRANSPORTS };
  if (id.kind !== 'name') throw unsaid(span, 'write the number of the port');
  const [, low, high] = /^(\d+)-(\d+)$/.exec(id.name) ?? [];
  if (low !== undefined) {
    const ends = [Number(low), Number(high)];
    return { is: `in {${Math.min(...ends)}..${Math.max(...ends)}}`, transports: TRANSPORTS };
  }
  const [tcp, udp] = (['tcp', 'udp'] as const).map((transport) => resolver.service(id.name, transport));
  const port = tcp ?? udp;
  if (port === undefined) throw unsaid(span, 'write the number of the port');
  return { is: `== ${port}`, transports: tcp === udp ? TRANSPORTS : [tcp === undefined ? 'udp' : 'tcp'] };
}

function numbered(id: Identifier, protocol: Protocol | undefined, span: Span): string {
  if (id.kind !== 'number') {
    const word = id.kind === 'name' ? WORDS[id.name as Protocol] : undefined;
    if (word === undefined) throw unsaid(span, 'write the number of the protocol');
    return word;
  }
  if (protocol === 'ip') return `ip.proto == ${id.value}`;
  if (protocol === 'ip6') return `ipv6.nxt == ${id.value}`;
  // Below it is a length, and what LLC says is asked.
  if (protocol === 'link' && id.value < LEAST_TYPE) throw unsaid(span);
  if (protocol === 'link') return `eth.type == 0x${id.value.toString(16).padStart(4, '0')}`;
  if (protocol !== undefined) throw unsaid(span);
  return `(ip.proto == ${id.value} or ipv6.nxt == ${id.value})`;
}

/** From here on a type, not a length (IEEE 802.3 §3.2.6). */
const LEAST_TYPE = 0x600;

function address(id: Identifier, qualifiers: Qualifiers, span: Span): string {
  const { protocol } = qualifiers;
  if (id.kind === 'mac') {
    const parts = id.text.split(/[:.-]/);
    const digits = parts.map((part) => part.padStart(12 / parts.length, '0')).join('');
    return sided(['eth.addr'], qualifiers, `== ${digits.match(/../g)!.join(':')}`, span);
  }
  if (id.kind === 'ipv6' || id.kind === 'ipv6-prefix') {
    const length = id.kind === 'ipv6-prefix' ? `/${id.length.value}` : '';
    return sided(['ipv6.addr'], qualifiers, `== ${id.text}${length}`, span);
  }
  const network = ipv4(id, qualifiers.type === 'net');
  if (network === undefined) throw unsaid(span, 'write the address');
  const over = protocol === undefined ? ['ip.addr', 'arp.proto_ipv4'] : protocol === 'ip' ? ['ip.addr'] : [];
  if (protocol === 'arp' || protocol === 'rarp') over.push('arp.proto_ipv4');
  if (over.length === 0) throw unsaid(span);
  return sided(over, qualifiers, `== ${network}`, span);
}

/** A dotted address; of a network that is written short, with its length. */
function ipv4(id: Identifier, isNet: boolean): string | undefined {
  if (id.kind === 'dotted-prefix') return `${padded(id.text)}/${id.length.value}`;
  if (id.kind === 'dotted-mask') {
    const bits = id.mask
      .split('.')
      .map((byte) => Number(byte).toString(2).padStart(8, '0'))
      .join('');
    return /^1*0*$/.test(bits) ? `${padded(id.text)}/${bits.replaceAll('0', '').length}` : undefined;
  }
  const text = id.kind === 'dotted' ? id.text : id.kind === 'number' && id.value < 256 ? id.text : undefined;
  if (text === undefined) return undefined;
  const count = text.split('.').length;
  if (count === 4) return padded(text);
  return isNet ? `${padded(text)}/${8 * count}` : undefined;
}

/** All four numbers, without zeros in front. */
const padded = (text: string): string => [...text.split('.').map(Number), 0, 0, 0].slice(0, 4).join('.');
