/** Filters of sockets that answer others than those that match, where a load past the end would end the program. */

import test from 'ava';
import { execute } from '../cbpf/index.js';
import { compileProgram } from '../filter/index.js';
import { generator } from '../testing/random.js';
import { buildObject, loadObject } from './index.js';

/** Indices behind the end, below zero, and beyond 32 bits: the kernel's wrap, libpcap's do not. */
const EXPRESSIONS = [
  'tcp port 80 or ip6',
  'ip[ip[8] - 200] = 5',
  'not ip[ip[8] - 70] = 5',
  'ip[ip[0] - 72] < 9',
  'ip[ip[0] - 72:4] != 0',
  'ip[ip[0] - 84:4] != 0',
  'ip[ip[0] - 83:2] >= 0',
  'link[link[14] - 3] != 1',
  'link[link[14] - 3:4] > 1',
  'link[len - 1] < 128',
  'link[len] < 128 or len > 20',
  'link[link[14] + 0x7ffffff0:2] = 0',
  'link[link[14] * 0x1010101] = 0',
  'not link[0x7fffffff] = 0',
  'tcp[(tcp[12] & 0xf0) >> 2:4] = 0x47455420',
];

test('whatever a filter loads, others are answered what they are to be', (t) => {
  const random = generator(0x67);
  const packets = Array.from({ length: 400 }, () => {
    const bytes = Uint8Array.from({ length: random(90) }, () => random(random(2) === 0 ? 8 : 256));
    if (bytes.length > 24) bytes.set([8, 0, 0x45], 12);
    return bytes;
  });
  for (const expression of EXPRESSIONS)
    for (const personality of ['libpcap', 'kernel'] as const) {
      const cbpf = compileProgram(expression, { linkType: 'EN10MB' });
      const options = { hook: 'socket', accept: 9, reject: 7, personality } as const;
      const { bytes } = buildObject({ cbpf, expression }, options);
      const object = loadObject(bytes);
      const program = object.program(object.programs[0]!.name);
      const answers = new Set<number>();
      for (const packet of packets) {
        const matches = execute(cbpf, { bytes: packet, wireLength: packet.length, personality }).result !== 0;
        const { verdict } = program.run(packet);
        answers.add(verdict);
        t.is(verdict, matches ? 9 : 7, `${expression} on ${Buffer.from(packet).toString('hex')}`);
      }
      t.true(answers.has(7), expression);
    }
});
