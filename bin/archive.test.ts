/** info, merge and dedup beside capinfos, mergecap and editcap, where they are installed. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { PcapngEncoder } from '../lib/index.js';
import { openCapture, summarize } from '../lib/node.js';
import { dataPath, fullRun, projectRoot, Tally, vectors } from '../lib/testing/vectors.js';

const WEIR = join(projectRoot, 'dist/command/weir.js');
const weir = (...words: string[]) => spawnSync(process.execPath, [WEIR, ...words], { encoding: 'utf8' });
const has = (program: string) => spawnSync(program, ['--version']).status === 0;

interface Row {
  readonly file: string;
}

/** Of the full run's captures one in so many: each needs some processes. */
const EVERY = 8;

type Context = Parameters<typeof vectors>[0];

/** Captures that the Wireshark of the machine reads to their end. */
function readable(t: Context, sample: number): string[] {
  const paths = vectors<Row>(t, 'captures/index.jsonl', sample)
    .filter((_, place) => !fullRun || place % EVERY === 0)
    .map(({ file }) => dataPath(t, `captures/${file}`)!);
  return paths.filter(
    (path) => /\.pcap(ng)?$/.test(path) && spawnSync('capinfos', ['-c', path]).status === 0,
  );
}

function inFolder(body: (folder: string) => Promise<void> | void) {
  return async (): Promise<void> => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-archive-'));
    try {
      await body(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

test('info counts as capinfos does', async (t) => {
  if (!has('capinfos')) return void t.pass('capinfos is not installed');
  const tally = new Tally('archives: counted as capinfos counts');
  for (const path of readable(t, 8)) {
    const rows = ['-c', '-d', '-a', '-e', '-o', '-S'];
    const { stdout } = spawnSync('capinfos', ['-T', '-r', '-B', ...rows, '-M', path], { encoding: 'utf8' });
    const [, packets, bytes, , , order] = stdout.trimEnd().split('\t');
    await using capture = await openCapture(path);
    const summary = await summarize(capture);
    if (summary.error !== undefined) {
      tally.leaveOut('a damaged file, of which capinfos says nothing');
      continue;
    }
    const same = `${summary.packets}` === packets && `${summary.wireBytes}` === bytes;
    const orders = summary.packets < 2 || order === undefined || /True/.test(order) === summary.inOrder;
    tally.check(same && orders, () => `${path}: ${stdout.trim()}`);
  }
  tally.finish(t);
});

test('merge puts packets in the order of mergecap', async (t) => {
  if (!has('mergecap')) return void t.pass('mergecap is not installed');
  await inFolder((folder) => {
    const paths = readable(t, 12);
    const tally = new Tally('archives: merged as mergecap merges');
    for (let at = 0; at + 2 < paths.length; at += 3) {
      const three = paths.slice(at, at + 3);
      const [ours, theirs] = [join(folder, 'ours.pcapng'), join(folder, 'theirs.pcapng')];
      const { status } = weir('merge', '-w', ours, ...three);
      if (status !== 0 || spawnSync('mergecap', ['-w', theirs, ...three]).status !== 0) {
        tally.leaveOut('a file that one of them does not read');
        continue;
      }
      const [a, b] = [ours, theirs].map((path) => {
        // Captured lengths are libpcap's, which cuts at the file's snapshot length; mergecap does not.
        const fields = ['-e', 'frame.time_epoch', '-e', 'frame.len'];
        return spawnSync('tshark', ['-n', '-r', path, '-T', 'fields', ...fields], { maxBuffer: 1 << 28 })
          .stdout;
      });
      tally.check(a!.equals(b!), () => three.join(' '));
    }
    tally.finish(t);
  })();
});

test('merging a file with nothing else copies its records', async (t) => {
  const path = dataPath(t, 'captures/made/le-us.pcap');
  if (path === undefined) return;
  await inFolder((folder) => {
    const merged = join(folder, 'merged.pcap');
    t.is(weir('merge', '-w', merged, path).status, 0);
    t.deepEqual(readFileSync(merged), readFileSync(path));
  })();
});

test('dedup leaves out what editcap leaves out, and copies the rest byte for byte', async (t) => {
  const path = dataPath(t, 'captures/made/le-us.pcap');
  if (path === undefined) return;
  await inFolder((folder) => {
    const [twice, once] = [join(folder, 'twice.pcap'), join(folder, 'once.pcap')];
    t.is(weir('merge', '-w', twice, path, path).status, 0);
    const { status, stderr } = weir('dedup', '-w', once, twice);
    t.is(`${status} ${stderr}`, '0 60 packets, 30 of them left out\n');
    t.deepEqual(readFileSync(once), readFileSync(path));
    if (!has('editcap')) return;
    const theirs = join(folder, 'theirs.pcap');
    for (const window of ['0', '1', '2', '7', '100']) {
      spawnSync('editcap', ['-F', 'pcap', '-D', window, twice, theirs]);
      weir('dedup', '-D', window, '-w', once, twice);
      t.deepEqual(readFileSync(once).subarray(24), readFileSync(theirs).subarray(24), `window ${window}`);
    }
  })();
});

test('statistics of interfaces are told, in either byte order and of any section', async (t) => {
  await inFolder((folder) => {
    const sections = [false, true].map((bigEndian, place) => {
      const encoder = new PcapngEncoder({ bigEndian });
      const source = { linkType: 1, snapLength: 96, timestampUnit: 1e-6, name: `eth${place}` };
      encoder.declare(source);
      encoder.writeStatistics(source, { received: 70 + place, dropped: 2, droppedByInterface: 1 });
      return encoder.take().slice();
    });
    const path = join(folder, 'two.pcapng');
    writeFileSync(path, Buffer.concat(sections));
    const { interfaces } = JSON.parse(weir('info', '--json', path).stdout);
    const told = interfaces.map(({ name, received, dropped }: Record<string, unknown>) => [
      name,
      received,
      dropped,
    ]);
    t.deepEqual(told, [
      ['eth0', 70, 3],
      ['eth1', 71, 3],
    ]);
  })();
});

test('damage is told after what can be read, and wrong words', async (t) => {
  const path = dataPath(t, 'captures/made/le-us.pcap');
  if (path === undefined) return;
  await inFolder((folder) => {
    const cut = join(folder, 'cut.pcap');
    writeFileSync(cut, readFileSync(path).subarray(0, 500));
    const { status, stdout, stderr } = weir('info', cut);
    t.is(status, 1);
    t.regex(stdout, /^Packets: +\d+$/m);
    t.regex(stderr, /cut\.pcap: truncated dump file/);
    const json = JSON.parse(weir('info', '--json', path).stdout);
    t.is(json.packets, 30);
    t.is(json.interfaces[0].linkTypeName, 'EN10MB');
    const merged = weir('merge', '-w', join(folder, 'm.pcap'), cut, path);
    t.is(merged.status, 1);
    t.regex(merged.stderr, /^weir: .*cut\.pcap: truncated dump file/);
  })();
  t.regex(weir('merge', 'x').stderr, /^weir merge: it takes a file to write, -w FILE\nUsage:/);
  t.regex(weir('dedup', '-D', 'x', '-w', 'a', 'b').stderr, /--window takes a number/);
  t.regex(weir('info', '/nowhere').stderr, /^weir: \/nowhere: No such file or directory\n$/);
});
