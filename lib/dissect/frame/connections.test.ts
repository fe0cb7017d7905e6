import test from 'ava';
import fc from 'fast-check';
import { assertProperty } from '../../testing/property.js';
import { Connections } from './connections.js';

function look(connections: Connections, id: number, restart: boolean, seq: number, ack: number): boolean {
  connections.key.fill(0);
  connections.key[0] = id;
  connections.key[8] = ~id;
  return connections.look(restart, seq, ack);
}

test('remembers what a plain map remembers', (t) => {
  const step = fc.tuple(fc.nat(50), fc.boolean(), fc.nat(), fc.nat());
  const property = fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
    const connections = new Connections();
    const plain = new Map<number, readonly [number, number]>();
    for (const [id, restart, seq, ack] of steps) {
      const known = plain.has(id) && !restart;
      if (!known) plain.set(id, [seq, ack]);
      const [plainSeq, plainAck] = plain.get(id)!;
      if (look(connections, id, restart, seq, ack) !== known) return false;
      if (connections.seq !== plainSeq || connections.ack !== plainAck) return false;
    }
    return true;
  });
  assertProperty(t, property, { numRuns: 50 });
  t.pass();
});

test('forgets old connections, not those in use', (t) => {
  const connections = new Connections();
  look(connections, -1, false, 7, 8);
  let remembered = true;
  for (let id = 0; id < 600_000; id++) {
    look(connections, id, false, id, id);
    if (id % 1000 === 0) remembered &&= look(connections, -1, false, 0, 0);
  }
  t.true(remembered);
  t.true(look(connections, 599_999, false, 0, 0), 'the newest is there');
  t.false(look(connections, 0, false, 0, 0), 'the oldest is gone');
});
