/**
 * Flow graphs: whatever way a run of the definition goes is in the graph of either machine, and pictures have every block
 * once, none over another, and no line through one.
 */

import test from 'ava';
import { execute, type Program } from '../cbpf/index.js';
import { attach, programTypeOf } from '../ebpf/index.js';
import { compileProgram } from '../filter/index.js';
import { LIFT_FORMS, lift } from '../lift/index.js';
import { fromHex } from '../testing/programs.js';
import { generator } from '../testing/random.js';
import { fullRun, Tally, vectors } from '../testing/vectors.js';
import { type FlowGraph, flowGraph, flowGraphOfEbpf, type Layout, layOut, toDot, toSvg } from './index.js';

const hosts = (count: number): string =>
  Array.from({ length: count }, (_, i) => `host 10.${i % 3}.${i}.${(i * 7) % 250}`).join(' or ');
const EXPRESSIONS = [
  'tcp port 443',
  'port 53 or (vlan and icmp)',
  'ip6 protochain 6 or tcp[tcpflags] & tcp-syn != 0',
  'len > 60 and not (arp or src net 10.0.0.0/8)',
  hosts(20),
];
const TYPES = { portable: 'socket_filter', xdp: 'xdp', tc: 'sched_cls', cgroup: 'cgroup_skb' } as const;

/** What is wrong with a graph, after a run went over these instructions. */
function wrongWith({ nodes, edges }: FlowGraph, path: readonly number[]): string | undefined {
  const nodeOf = (index: number) => nodes.findIndex(({ start, end }) => index >= start && index < end);
  for (let i = 1; i < path.length; i++) {
    const [before, now] = [path[i - 1]!, path[i]!];
    const [from, to] = [nodeOf(before), nodeOf(now)];
    if (from === to && now > before) continue;
    if (nodes[to]?.start !== now) return `${before} goes into the middle of a block at ${now}`;
    if (!edges.some((edge) => edge.from === from && edge.to === to))
      return `no edge from ${before} to ${now}`;
  }
  return undefined;
}

const PACKET = fromHex(
  `${'00'.repeat(12)}080045000028000040004006000001020304050607081f9001bb${'00'.repeat(16)}`,
);

test('the way of a run is in the graph, on either machine', (t) => {
  const tally = new Tally('flow graphs');
  const random = generator(7);
  const rows = vectors<{ expr: string; dlt: string | null; error?: string }>(
    t,
    'vectors/filters/compound.jsonl',
    4,
  );
  const found = rows
    .filter(({ dlt, error }) => error === undefined && dlt === 'EN10MB')
    .map(({ expr }) => expr);
  for (const expression of [...EXPRESSIONS, ...found.slice(0, fullRun ? 150 : 4)]) {
    const program: Program = compileProgram(expression, { optimize: EXPRESSIONS.includes(expression) });
    const graph = flowGraph(program, expression);
    for (let round = 0; round < 4; round++) {
      const bytes = PACKET.map((byte) => (random(8) === 0 ? random(256) : byte));
      const path: number[] = [];
      execute(program, { bytes }, (_, index) => path.push(index));
      const wrong = wrongWith(graph, path);
      tally.check(wrong === undefined, () => `${expression}: ${wrong}`);
      if (round > 0) continue;
      for (const [form, type] of Object.entries(TYPES) as [keyof typeof TYPES, string][]) {
        if (form === 'cgroup') continue;
        const lifted = lift(program, { form });
        const steps: number[] = [];
        attach(lifted, programTypeOf(type as 'xdp'), {
          unverified: true,
          definition: true,
          observe: (index) => steps.push(index),
        })(bytes, 0, bytes.length, bytes.length);
        const other = wrongWith(flowGraphOfEbpf(lifted, expression), steps);
        tally.check(other === undefined && steps.length > 0, () => `${expression} as ${form}: ${other}`);
      }
    }
  }
  tally.finish(t);
});

/** What cannot be read in a picture. */
function unreadable({ nodes }: FlowGraph, { boxes, ways, width, height }: Layout): string | undefined {
  const blocks = boxes.filter(({ kind }) => kind !== 'bend');
  for (const [index, a] of blocks.entries()) {
    if (a.x - a.width / 2 < 0 || a.x + a.width / 2 > width || a.y < 0 || a.y + a.height > height)
      return 'out of the picture';
    for (const b of blocks.slice(index + 1)) {
      const apart =
        Math.abs(a.x - b.x) >= (a.width + b.width) / 2 || a.y + a.height <= b.y || b.y + b.height <= a.y;
      if (!apart) return `${a.text} over ${b.text}`;
    }
    for (const bend of boxes)
      if (
        bend.kind === 'bend' &&
        Math.abs(bend.x - a.x) < a.width / 2 &&
        bend.y < a.y + a.height &&
        bend.y + bend.height > a.y
      )
        return `a line through ${a.text}`;
  }
  const drawn = new Set(boxes.flatMap(({ node }) => (node === undefined ? [] : [node.id])));
  // Where a block only jumps to a return, that is drawn.
  const jumps = (text: string | undefined) => /^(ja|goto) /.test(text ?? '');
  const missing = nodes.find(
    ({ id, returns, lines }) => returns === undefined && !drawn.has(id) && !jumps(lines[0]),
  );
  if (missing !== undefined) return `block ${missing.start} is not drawn`;
  if (height > 4000 && height > 3 * width) return `${width} by ${height}`;
  const flat = ways.find(({ boxes: [from, to] }) => from!.y + from!.height >= to!.y);
  return flat === undefined ? undefined : 'a way that does not go down';
}

for (const [name, expression] of [
  ['10', 'tcp port 443'],
  ['60', 'port 53 or (vlan and icmp) or ip6 protochain 6'],
  ['300', hosts(fullRun ? 140 : 40)],
] as const)
  test(`a picture of about ${name} blocks can be read`, (t) => {
    const program = compileProgram(expression);
    const graphs = [
      flowGraph(program, expression),
      flowGraph(compileProgram(expression, { optimize: false })),
    ];
    // The kernel takes no loops.
    for (const form of LIFT_FORMS)
      if (form !== 'kernel' || name !== '60')
        graphs.push(flowGraphOfEbpf(lift(program, { form }), expression));
    for (const graph of graphs.slice(0, fullRun || name !== '300' ? graphs.length : 1)) {
      t.is(unreadable(graph, layOut(graph)), undefined);
      const svg = toSvg(graph, '<&"> title');
      // Every element is closed, and nothing of the text is taken for one.
      const open: string[] = [];
      for (const [, close, tag, self] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
        if (close === '/') t.is(open.pop(), tag);
        else if (self === '') open.push(tag!);
      }
      t.deepEqual(open, []);
      const { words } = graph.nodes[0]!;
      for (const { text } of words) t.true(svg.includes(text.slice(0, 12)));
      t.is(toDot(graph).match(/ -> /g)?.length ?? 0, graph.edges.length);
    }
  });
