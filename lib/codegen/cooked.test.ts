/**
 * Filters for packets without their header yet, against what libpcap decides of the same packets with it.
 */

import test from 'ava';
import { loadInterpreter, type Program } from '../cbpf/index.js';
import { kernelProgram } from '../filter/index.js';
import { FilterError } from '../source.js';
import { Tally, vectors } from '../testing/vectors.js';

const LINUX_SLL2 = 276;
const HEADER = 20;

interface Row {
  readonly expr: string;
  readonly dlt: string | null;
  /** Bytes in hex, length on the wire, what libpcap's filter returned. */
  readonly packets: readonly (readonly [string, number, number])[];
}

const GROUPS = ['abbrev', 'arith', 'cookbook', 'encap', 'linkproto', 'linktype', 'port', 'random'];

test('the kernel, without the header, decides as libpcap does with it', (t) => {
  const tally = new Tally('cooked packets: kernel filters');
  for (const group of GROUPS) {
    for (const { expr, dlt, packets } of vectors<Row>(t, `vectors/filters/packets-${group}.jsonl`, 1e9)) {
      if (dlt !== 'LINUX_SLL2') continue;
      for (const optimize of [true, false]) {
        let program: Program | undefined;
        try {
          program = kernelProgram(expr, { linkType: LINUX_SLL2, optimize }, true);
        } catch (error) {
          // Refused by libpcap's optimizer as well: "expression rejects all packets".
          if (!optimize || !(error instanceof FilterError)) throw error;
          tally.leaveOut('refused, because no packet can match');
          continue;
        }
        if (program === undefined) {
          tally.leaveOut('asks for a field that the kernel does not tell, or for the length, or loops');
          continue;
        }
        const filter = loadInterpreter(program, { personality: 'kernel' });
        for (const [hex, wireLength, result] of packets) {
          const bytes = Buffer.from(hex, 'hex');
          if (bytes.length < HEADER) {
            tally.leaveOut('a packet without a whole header, which no capture has');
            continue;
          }
          const metadata = {
            protocol: bytes.readUInt16BE(0),
            interfaceIndex: bytes.readUInt32BE(4),
            packetType: bytes[10]!,
          };
          const captured = bytes.length - HEADER;
          const verdict = filter(bytes, HEADER, captured, wireLength - HEADER, metadata);
          tally.check((verdict === 0) === (result === 0), () => `${expr}: ${hex}`);
        }
      }
    }
  }
  tally.finish(t);
});

test('what the kernel cannot be asked', (t) => {
  const cooked = (expression: string) => kernelProgram(expression, { linkType: LINUX_SLL2 }, true);
  t.truthy(cooked('inbound and ifindex 2 and udp port 53'));
  t.is(cooked('len > 100'), undefined);
  t.is(cooked('link[8:2] = 1'), undefined);
  t.is(cooked('link[4:2] = 1'), undefined);
  t.throws(() => cooked('tcp prot'), { instanceOf: FilterError });
});
