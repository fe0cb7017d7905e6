/** Test support: questions about made packets in tunnels, with tshark's answers. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Packet } from '../index.js';
import { generator, type Random } from './random.js';
import { pcapFile } from './tcpdump.js';
import { runTshark } from './tshark.js';
import { SCOPES, type Scope, TunnelPackets } from './tunnelPackets.js';

/** Steps into a packet, at most. */
const DEEPEST = 3;

const FIELDS = [
  'frame.protocols',
  ...['ip.src', 'ipv6.src', 'udp.dstport', 'tcp.dstport', 'sctp.dstport'],
  ...['gtp.teid', 'vxlan.vni', 'geneve.vni', 'gre.key', 'erspan.spanid'],
];
/** What a scope's number is called. */
const NUMBERS: Partial<Record<Scope, string>> = {
  gtp: 'gtp.teid',
  vxlan: 'vxlan.vni',
  geneve: 'geneve.vni',
  gre: 'gre.key',
  erspan: 'erspan.spanid',
};

/** What is between one step into a packet and the next. */
export interface Level {
  /** The step that leads there; none for the first. */
  readonly scope?: Scope;
  /** Its number, as far as tshark's values tell which is whose. */
  number?: string | undefined;
  network?: string;
  source?: string | undefined;
  transport?: string;
  port?: string | undefined;
}

/** The levels of a packet, from tshark's list of its protocols and their values in the order of the packet. */
function levelsOf(values: ReadonlyMap<string, readonly string[]>): Level[] {
  const words = values.get('frame.protocols')![0]!.split(':');
  const taken = new Map<string, number>();
  const next = (field: string): string | undefined => {
    const place = taken.get(field) ?? 0;
    taken.set(field, place + 1);
    return values.get(field)![place];
  };
  let level: Level = {};
  const levels = [level];
  const enter = (scope: Scope): void => levels.push((level = { scope }) as never) as never;
  for (const [place, word] of words.entries()) {
    switch (word) {
      case 'ip':
      case 'ipv6':
      case 'arp':
        if (level.network !== undefined) enter('ipip');
        level.network = word;
        if (word !== 'arp') level.source = next(`${word}.src`);
        break;
      case 'tcp':
      case 'udp':
      case 'sctp':
        level.transport = word;
        level.port = next(`${word}.dstport`);
        break;
      case 'gre':
        if (words[place + 1] !== 'erspan') enter('gre');
        break;
      default:
        if ((SCOPES as readonly string[]).includes(word)) enter(word as Scope);
    }
  }
  for (const [scope, field] of Object.entries(NUMBERS)) {
    const those = levels.filter((each) => each.scope === scope);
    // Not each of them has a number, and then which has it is not said.
    if (values.get(field)!.length === those.length)
      for (const [place, each] of those.entries()) each.number = `${Number(values.get(field)![place])}`;
    else if (those.length === 1) those[0]!.number = 'none';
  }
  return levels;
}

export interface Question {
  readonly scopes: readonly Scope[];
  /** Of the last scope. */
  readonly number: string | undefined;
  readonly leaf: string;
  readonly holds: (level: Level) => boolean;
}

/** A question near what a packet holds. */
export function questionOf(random: Random, levels: readonly Level[]): Question {
  const depth = Math.min(random(levels.length + 1), DEEPEST);
  const scopes = levels.slice(1, depth + 1).map(({ scope }) => scope!);
  if (scopes.length === 0 || random(4) === 0) scopes.splice(random(2), 1, SCOPES[random(SCOPES.length)]!);
  const at = levels[scopes.length] ?? levels.at(-1)!;
  const number = NUMBERS[scopes.at(-1)!] !== undefined && random(3) === 0 ? `${1 + random(3)}` : undefined;
  const { source = '192.0.2.1', transport = 'tcp', port = '80' } = at;
  const family = source.includes(':') ? 'ip6' : 'ip';
  const leaves: readonly (readonly [string, (level: Level) => boolean])[] = [
    ['ip', ({ network }) => network === 'ip'],
    ['ip6', ({ network }) => network === 'ipv6'],
    ['arp', ({ network }) => network === 'arp'],
    [transport, (level) => level.transport === transport],
    [`not ${transport}`, (level) => level.transport !== transport],
    [`dst port ${port}`, (level) => level.port === port],
    [`${transport} dst port ${port}`, (level) => level.transport === transport && level.port === port],
    [`${family} src host ${source}`, (level) => level.source === source],
    [
      `${family} src host ${source} and not tcp`,
      (level) => level.source === source && level.transport !== 'tcp',
    ],
  ];
  const [leaf, holds] = leaves[random(leaves.length)]!;
  return { scopes, number, leaf, holds };
}

export const textOf = ({ scopes, number, leaf }: Question): string =>
  scopes.reduceRight((inner, scope, place) => {
    const words = place === scopes.length - 1 && number !== undefined ? `${scope} ${number}` : scope;
    return `${words} { ${inner} }`;
  }, leaf);

/** What `gre { … }` finds in the GRE of ERSPAN: nothing that it knows. */
const UNKNOWN: Level = { number: 'none' };

/** `undefined` where tshark's answer cannot tell. */
export function expected({ scopes, number, holds }: Question, levels: readonly Level[]): boolean | undefined {
  let level = levels[0]!;
  for (const [place, scope] of scopes.entries()) {
    const next = levels[place + 1];
    if (next?.scope === scope) level = next;
    else if (scope === 'gre' && next?.scope === 'erspan') level = UNKNOWN;
    else return false;
    if (level === UNKNOWN && place + 1 < scopes.length) return false;
  }
  if (number !== undefined && level.number === undefined) return undefined;
  return (number === undefined || level.number === number) && holds(level);
}

/** Made frames, and what tshark says they are. */
export function makeFrames(seed: number, count: number): { frames: Uint8Array[]; levels: Level[][] } {
  const random = generator(seed);
  const packets = new TunnelPackets(random);
  const frames = Array.from({ length: count }, (_, place) => packets.frame(place % (DEEPEST + 1)));
  const folder = mkdtempSync(join(tmpdir(), 'weir-tunnels-'));
  try {
    const path = join(folder, 'made.pcap');
    writeFileSync(
      path,
      pcapFile(
        frames.map((data) => ({ data, seconds: 0, nanoseconds: 0, wireLength: data.length }) as Packet),
        1,
      ),
    );
    const rows = runTshark(path, FIELDS);
    const valuesOf = (row: readonly string[]) =>
      new Map(FIELDS.map((field, column) => [field, row[column] === '' ? [] : row[column]!.split(',')]));
    return { frames, levels: rows.map((row) => levelsOf(valuesOf(row))) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
