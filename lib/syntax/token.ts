/**
 * Tokens of the filter language, and the table of its words.
 *
 * Text → **tokens** → tree. The words are those of pcap-filter(7) as libpcap's scanner.l (1.11) reads
 * them. They are case-sensitive. A word that is a keyword can still name a host or protocol when it is
 * written with a backslash: `ip proto \tcp`.
 */

import type { Span } from '../source.js';

/** Protocol qualifiers, by the name that libpcap's messages use. */
// biome-ignore format: one family a line
export const PROTOCOLS = [
  'link', 'radio',
  'ip', 'ip6', 'arp', 'rarp', 'atalk', 'aarp', 'decnet', 'lat', 'sca', 'moprc', 'mopdl',
  'tcp', 'udp', 'sctp', 'icmp', 'icmp6', 'igmp', 'igrp', 'pim', 'vrrp', 'carp', 'ah', 'esp',
  'iso', 'esis', 'isis', 'clnp', 'l1', 'l2', 'iih', 'lsp', 'snp', 'csnp', 'psnp',
  'stp', 'ipx', 'netbeui',
] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** Types of `wlan`-only addresses come last: `src` and `dst` combine, the others do not. */
export const DIRECTIONS = ['src', 'dst', 'addr1', 'addr2', 'addr3', 'addr4', 'ra', 'ta'] as const;
export type Direction = (typeof DIRECTIONS)[number] | 'src or dst' | 'src and dst';

export const ADDRESS_TYPES = ['host', 'net', 'port', 'portrange'] as const;
export type AddressType = (typeof ADDRESS_TYPES)[number] | 'proto' | 'protochain' | 'gateway';

export const ENCAPSULATIONS = ['vlan', 'mpls', 'pppoes', 'geneve', 'vxlan'] as const;
/** Words that step into a packet where a scope follows, and are names else. No part of libpcap's language. */
export const TUNNELS = ['gre', 'erspan', 'ipip', 'gtp', 'transport'] as const;
export type Encapsulation = (typeof ENCAPSULATIONS)[number] | (typeof TUNNELS)[number];
export const isTunnel = (word: string): boolean => (TUNNELS as readonly string[]).includes(word);

export const PF_FIELDS = ['ifname', 'ruleset', 'rnr', 'srnr', 'reason', 'action'] as const;
export type PfField = (typeof PF_FIELDS)[number];

// biome-ignore format: cells, then message types
export const ATM_TYPES = [
  'lane', 'metac', 'bcc', 'oamf4ec', 'oamf4sc', 'sc', 'ilmic',
  'oam', 'oamf4', 'connectmsg', 'metaconnect',
] as const;
export type AtmType = (typeof ATM_TYPES)[number];

export const MTP2_TYPES = ['fisu', 'lssu', 'msu', 'hfisu', 'hlssu', 'hmsu'] as const;
export type Mtp2Type = (typeof MTP2_TYPES)[number];

export const MTP3_FIELDS = ['sio', 'opc', 'dpc', 'sls', 'hsio', 'hopc', 'hdpc', 'hsls'] as const;
export type Mtp3Field = (typeof MTP3_FIELDS)[number];

/** What a token is to the grammar. Single-character operators are their own kind. */
export type TokenKind =
  | 'number'
  | 'name'
  | 'dotted'
  | 'ipv6'
  | 'mac'
  | 'mac8'
  | 'named'
  | 'operator'
  | 'and'
  | 'or'
  | 'not'
  | 'protocol'
  | 'direction'
  | 'type'
  | 'proto'
  | 'gateway'
  | 'mask'
  | 'cast'
  | 'length-test'
  | 'byte'
  | 'flow'
  | 'ifindex'
  | 'encapsulation'
  | 'pppoed'
  | 'pf'
  | 'wlan'
  | 'llc'
  | 'atm'
  | 'atm-field'
  | 'mtp2'
  | 'mtp3'
  | 'len'
  | 'error'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As written, except that a `name` has lost its backslash. */
  readonly text: string;
  /** Canonical spelling of a keyword or operator (`ether` is `link`, `&&` is `and`, `==` is `=`). */
  readonly word: string;
  /** Value of a `number`. */
  readonly value: number;
  readonly span: Span;
  /** Why an `error` token cannot be read, and libpcap's words for it. */
  readonly problem?:
    | { readonly message: string; readonly hint: string; readonly libpcapMessage: string }
    | undefined;
}

export interface Keyword {
  readonly kind: TokenKind;
  readonly word: string;
}

/** Other spellings of a word. */
const SYNONYMS: Readonly<Record<string, string>> = {
  ether: 'link',
  ppp: 'link',
  slip: 'link',
  fddi: 'link',
  tr: 'link',
  wlan: 'link',
  'es-is': 'esis',
  'is-is': 'isis',
  address1: 'addr1',
  address2: 'addr2',
  address3: 'addr3',
  address4: 'addr4',
  direction: 'dir',
  length: 'len',
  on: 'ifname',
  rset: 'ruleset',
  rulenum: 'rnr',
  subrulenum: 'srnr',
  lsu: 'lssu',
};

function keywordTable(): ReadonlyMap<string, Keyword> {
  const table = new Map<string, Keyword>();
  const add = (kind: TokenKind, words: readonly string[]) => {
    for (const word of words) table.set(word, { kind, word });
  };
  add('protocol', PROTOCOLS);
  add('direction', DIRECTIONS);
  add('type', ADDRESS_TYPES);
  add('proto', ['proto', 'protochain']);
  add('gateway', ['gateway']);
  add('mask', ['mask']);
  add('and', ['and']);
  add('or', ['or']);
  add('not', ['not']);
  add('cast', ['broadcast', 'multicast']);
  add('length-test', ['less', 'greater']);
  add('byte', ['byte']);
  add('flow', ['inbound', 'outbound']);
  add('ifindex', ['ifindex']);
  add('encapsulation', ENCAPSULATIONS);
  add('pppoed', ['pppoed']);
  add('pf', PF_FIELDS);
  add('wlan', ['type', 'subtype', 'dir']);
  add('llc', ['llc']);
  add('atm', ATM_TYPES);
  add('atm-field', ['vpi', 'vci']);
  add('mtp2', MTP2_TYPES);
  add('mtp3', MTP3_FIELDS);
  add('len', ['len']);
  for (const [synonym, word] of Object.entries(SYNONYMS)) table.set(synonym, table.get(word)!);
  return table;
}

export const KEYWORDS: ReadonlyMap<string, Keyword> = keywordTable();

/**
 * Words that are numbers: offsets within a header, message types, flag bits. RFC 792, 1256, 4443, 4861,
 * 3810, 3971, 4286, 6275, 9293.
 */
// biome-ignore format: a table
export const CONSTANTS: ReadonlyMap<string, number> = new Map([
  ['icmptype', 0], ['icmpcode', 1],
  ['icmp-echoreply', 0], ['icmp-unreach', 3], ['icmp-sourcequench', 4], ['icmp-redirect', 5],
  ['icmp-echo', 8], ['icmp-routeradvert', 9], ['icmp-routersolicit', 10], ['icmp-timxceed', 11],
  ['icmp-paramprob', 12], ['icmp-tstamp', 13], ['icmp-tstampreply', 14], ['icmp-ireq', 15],
  ['icmp-ireqreply', 16], ['icmp-maskreq', 17], ['icmp-maskreply', 18],
  ['icmp6type', 0], ['icmp6code', 1],
  ['icmp6-destinationunreach', 1], ['icmp6-packettoobig', 2], ['icmp6-timeexceeded', 3],
  ['icmp6-parameterproblem', 4], ['icmp6-echo', 128], ['icmp6-echoreply', 129],
  ['icmp6-multicastlistenerquery', 130], ['icmp6-multicastlistenerreportv1', 131],
  ['icmp6-multicastlistenerdone', 132], ['icmp6-routersolicit', 133], ['icmp6-routeradvert', 134],
  ['icmp6-neighborsolicit', 135], ['icmp6-neighboradvert', 136], ['icmp6-redirect', 137],
  ['icmp6-routerrenum', 138], ['icmp6-nodeinformationquery', 139],
  ['icmp6-nodeinformationresponse', 140], ['icmp6-ineighbordiscoverysolicit', 141],
  ['icmp6-ineighbordiscoveryadvert', 142], ['icmp6-multicastlistenerreportv2', 143],
  ['icmp6-homeagentdiscoveryrequest', 144], ['icmp6-homeagentdiscoveryreply', 145],
  ['icmp6-mobileprefixsolicit', 146], ['icmp6-mobileprefixadvert', 147],
  ['icmp6-certpathsolicit', 148], ['icmp6-certpathadvert', 149],
  ['icmp6-multicastrouteradvert', 151], ['icmp6-multicastroutersolicit', 152],
  ['icmp6-multicastrouterterm', 153],
  ['tcpflags', 13], ['tcp-fin', 0x01], ['tcp-syn', 0x02], ['tcp-rst', 0x04], ['tcp-push', 0x08],
  ['tcp-ack', 0x10], ['tcp-urg', 0x20], ['tcp-ece', 0x40], ['tcp-cwr', 0x80],
]);
