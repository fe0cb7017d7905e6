/** Quick ways beside the general ones, over packets of all captures, whole, cut and changed. */

import test from 'ava';
import { Packet } from '../savefile/index.js';
import { generator } from '../testing/random.js';
import { dataPath, fullRun } from '../testing/vectors.js';
import { samples } from '../testing/words/corpus.js';
import { fieldNamed } from './fields.js';
import { FRAME } from './frame/frameFields.js';
import { createColumns, decode, listFields } from './index.js';

const names = listFields()
  .map(({ name }) => name)
  .filter((name) => name !== 'frame.comment');
const usual = names.filter((name) => fieldNamed(name).usual);
const random = generator(15);

test('fields that are found without a walk are those that a walk finds', async (t) => {
  for (const name of ['eth.src', 'ip.src', 'ipv6.dst', 'tcp.dstport', 'udp.srcport'])
    t.true(usual.includes(name));
  t.false(usual.includes('dns.id'));
  const wrong: string[] = [];
  for (const packet of await packets(dataPath(t, 'captures'))) {
    const decoded = decode(packet);
    for (const name of usual)
      if (decoded.get(name) !== decoded.getAll(name)[0]) wrong.push(`${name} ${hex(packet)}`);
  }
  t.deepEqual(wrong.slice(0, 5), []);
});

test('columns are what the values are, also in the midst of other bytes', async (t) => {
  const whole = createColumns(names);
  const amid = createColumns(names);
  const wrong: string[] = [];
  const values = (name: string, packet: Packet): string => {
    const [{ field, layout }] = fieldNamed(name).sites as [ReturnType<typeof fieldNamed>['sites'][0]];
    if (layout === FRAME) return '';
    const all = decode(packet).getAll(name);
    return field.several ? field.text(all) : all.map((value) => field.text(value)).join(',');
  };
  for (const packet of (await packets(dataPath(t, 'captures'))).slice(0, fullRun ? 4000 : 150)) {
    const { data, wireLength, interface: source, seconds, nanoseconds } = packet;
    const around = new Uint8Array(data.length + 1000).fill(0x45);
    around.set(data, 333);
    const time = { seconds, nanoseconds, read: () => {} };
    amid.addBytes(around, 333, data.length, wireLength, source, time);
    const line = Buffer.from(amid.take()).toString();
    if (line !== `${whole.row(packet)}\n`) wrong.push(`amid ${hex(packet)}`);
    const columns = line.slice(0, -1).split('\t');
    for (const [i, name] of names.entries()) {
      if (!name.startsWith('frame.') && columns[i] !== escaped(values(name, packet)))
        wrong.push(`${name} ${hex(packet)}: ${columns[i]} ${values(name, packet)}`);
    }
  }
  t.deepEqual(wrong.slice(0, 5), []);
});

const escaped = (text: string): string =>
  text.replace(/\t/g, '\\t').replace(/\n/g, '\\n').replace(/\r/g, '\\r');
const hex = ({ data, wireLength }: Packet): string => `${Buffer.from(data).toString('hex')} of ${wireLength}`;

/** Each sample whole, cut somewhere, and with bytes of its first headers changed. */
async function packets(folder: string | undefined): Promise<Packet[]> {
  const folders = fullRun ? ['files', 'found', 'made'].map((name) => `${folder}/${name}`) : [];
  const all = await samples(folders);
  const step = fullRun ? 1 : 4;
  return all
    .filter((_, index) => index % step === 0)
    .flatMap(({ packet }) => {
      const { data, wireLength, seconds, nanoseconds, interface: source } = packet;
      const as = (bytes: Uint8Array, length = wireLength) =>
        new Packet(bytes, length, seconds, nanoseconds, source);
      const flipped = () => {
        const bytes = data.slice();
        const at = random(2) === 0 ? random(80) : [12, 13, 14, 17, 20, 23, 46][random(7)]!;
        if (at < bytes.length)
          bytes[at] = [0, 4, 6, 8, 0x43, 0x4f, 0x5f, 0x60, 0xff, random(256)][random(10)]!;
        return as(bytes);
      };
      const kept = random(Math.min(100, data.length) + 1);
      return [
        packet,
        as(data.subarray(0, kept)),
        as(data.subarray(0, kept), kept),
        as(data, random(80)),
        flipped(),
        flipped(),
        flipped(),
      ];
    });
}
