/**
 * `transport [PROTOCOL] { … }`: what IPv4 or IPv6 carries, behind whatever extension headers (RFC 8200 §4). Within it
 * `tcp`, `udp` and the like, their ports and fields are looked for where the walk over the headers has ended.
 *
 * In libpcap's language `tcp[…]` is IPv4's only, and ports of IPv6 stand right behind its fixed header.
 */

import { opcodes } from '../cbpf/index.js';
import { ETHERTYPE, IPPROTO } from '../names/index.js';
import { and, type Condition, not, or, testK } from './condition.js';
import { type Context, varying } from './context.js';
import { among, type Ids } from './encapsulation.js';
import { linkTest } from './linkTest.js';
import { JUMPS, load, loadIpv4HeaderLength } from './load.js';
import { firstFragment } from './port.js';
import { add, computed, loadByte, loadHalf, restore, type Steps, seek, store } from './steps.js';

const { ADD, ALU, AND, IMM, JEQ, K, LD, MISC, MUL, TXA, X } = opcodes;

/** As many as a packet may have in the order that RFC 8200 §4.1 recommends. */
const MOST_EXTENSIONS = 6;

/** A fragment other than the first, or a chain of more headers, is refused. */
export function transport(context: Context, protocols: Ids | undefined): Condition {
  const { payload, network } = context.headers;
  const [start, number] = [context.take(), context.take()];
  const header = payload.constant + network;
  const code = (statements: ReturnType<typeof load>) => statements.map(({ code, k }) => [code, k] as const);
  const overIpv4 = computed(context, {
    length: [
      [
        ...code(loadIpv4HeaderLength(context)),
        [MISC | TXA],
        add(header),
        store(start),
        ...code(load(context, 'network', 9, 1)),
        store(number),
      ],
      'true',
    ],
  });
  const varies = code(context.loadX(payload));
  const overIpv6 = computed(context, {
    fixed: [
      [
        ...varies,
        [LD | IMM, header + 40],
        ...(varies.length > 0 ? [[ALU | ADD | X] as const] : []),
        store(start),
        ...code(load(context, 'network', 6, 1)),
        store(number),
      ],
      'is0',
    ],
    ...extensionSteps(start, number),
  });
  const found = or(
    and(linkTest(context, ETHERTYPE.IP), and(firstFragment(context), overIpv4)),
    and(linkTest(context, ETHERTYPE.IPV6), overIpv6),
  );
  context.headers = { ...context.headers, transport: { start: varying(start), number } };
  const asked = among(context, protocols, ['protocol number', 0xff], (value, comparison) => {
    const { op, negated } = JUMPS[comparison];
    const test = testK([context.statement(...restore(number))], op, value, context.span);
    return negated ? not(test) : test;
  });
  return and(found, asked);
}

function extensionSteps(start: number, number: number): Steps {
  const steps: Steps = {};
  /** The header's length counts `unit` bytes, without some. */
  const over = (round: number, extra: number, unit: number): Steps[string] => [
    [
      seek(start),
      loadByte(0),
      store(number),
      loadByte(1),
      add(extra),
      [ALU | MUL | K, unit],
      [ALU | ADD | X],
      store(start),
    ],
    `is${round + 1}`,
  ];
  for (let round = 0; round <= MOST_EXTENSIONS; round++) {
    const { HOPOPTS, ROUTING, DSTOPTS, FRAGMENT, AH } = IPPROTO;
    const isLast = round === MOST_EXTENSIONS;
    const goesTo = (step: string): string => (isLast ? 'false' : `${step}${round}`);
    steps[`is${round}`] = [[restore(number)], [JEQ, HOPOPTS, goesTo('over'), `isRouting${round}`]];
    steps[`isRouting${round}`] = [[], [JEQ, ROUTING, goesTo('over'), `isOptions${round}`]];
    steps[`isOptions${round}`] = [[], [JEQ, DSTOPTS, goesTo('over'), `isFragment${round}`]];
    steps[`isFragment${round}`] = [[], [JEQ, FRAGMENT, goesTo('fragment'), `isAh${round}`]];
    steps[`isAh${round}`] = [[], [JEQ, AH, goesTo('ah'), 'true']];
    if (isLast) break;
    steps[`over${round}`] = over(round, 1, 8);
    steps[`ah${round}`] = over(round, 2, 4);
    steps[`fragment${round}`] = [
      [seek(start), loadHalf(2), [ALU | AND | K, 0xfff8]],
      [JEQ, 0, `first${round}`, 'false'],
    ];
    steps[`first${round}`] = [
      [loadByte(0), store(number), [MISC | TXA], add(8), store(start)],
      `is${round + 1}`,
    ];
  }
  return steps;
}
