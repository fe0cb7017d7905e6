/** Snapshot lengths and link types that files announce, as the installed tcpdump takes them. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { Packet, PcapEncoder, PcapngEncoder } from '../lib/index.js';

const WEIR = fileURLToPath(new URL('../command/weir.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'weir-limits-'));
test.after.always(() => rmSync(folder, { recursive: true }));

const hasTcpdump = spawnSync('tcpdump', ['--version']).status === 0;
const SNAP_LENGTHS = [0, 1, 262_145, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
/** Ethernet, and D-Bus, whose packets may be longer than 262,144 bytes. */
const LINK_TYPES = [1, 231];

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function pcapHeader(snapLength: number, linkTypeField: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(24));
  for (const [at, value] of [0xa1b2c3d4, 0x0002_0004, 0, 0, snapLength, linkTypeField].entries())
    view.setUint32(4 * at, value);
  return new Uint8Array(view.buffer);
}

/** `link-type EN10MB (Ethernet), snapshot length 96`, of the first line on standard error. */
const announced = (program: string, words: readonly string[]): string =>
  spawnSync(program, words, { encoding: 'utf8' })
    .stderr.split('\n')[0]!
    .replace(/^.*?, (?=link-type)/, '');

/** Whether weir and tcpdump announce a file alike. */
function sameAnnouncement(t: ExecutionContext, path: string, what: string): void {
  const ours = announced(process.execPath, [WEIR, '--count', '-r', path]);
  t.is(ours, announced('tcpdump', ['-r', path, '-w', '/dev/null']), what);
}

test('snapshot lengths of pcap and pcapng files are announced as tcpdump announces them', (t) => {
  if (!hasTcpdump) return t.pass('skipped: tcpdump is not installed');
  for (const linkType of LINK_TYPES)
    for (const snapLength of SNAP_LENGTHS) {
      const what = `${linkType} ${snapLength}`;
      sameAnnouncement(t, file('a.pcap', pcapHeader(snapLength, linkType)), what);
      const encoder = new PcapngEncoder();
      encoder.declare({ linkType, snapLength, timestampUnit: 1e-6 });
      sameAnnouncement(t, file('a.pcapng', encoder.take()), what);
    }
});

test('reserved bits of a pcap link type make it another type', (t) => {
  if (!hasTcpdump) return t.pass('skipped: tcpdump is not installed');
  for (let bit = 16; bit < 32; bit++) {
    const path = file('b.pcap', pcapHeader(96, (1 | (1 << bit)) >>> 0));
    sameAnnouncement(t, path, `bit ${bit}`);
  }
});

test('a pcap file made of several interfaces announces what the longest packet needs', (t) => {
  const encoder = new PcapngEncoder();
  const sources = [96, 200_000].map((snapLength) => ({ linkType: 1, snapLength, timestampUnit: 1e-6 }));
  for (const source of sources)
    encoder.write(new Packet(new Uint8Array(source.snapLength), source.snapLength, 1, 0, source));
  const path = file('c.pcapng', encoder.take());
  const out = join(folder, 'c.pcap');
  execFileSync(process.execPath, [WEIR, '-r', path, '-w', out], { stdio: 'pipe' });
  const lines = execFileSync(process.execPath, [WEIR, '-xx', '-r', out], { encoding: 'utf8', stdio: 'pipe' });
  t.true(lines.includes(`0x${(200_000 - 16).toString(16)}:`), 'the second packet is whole');
});

test('the pcap encoder refuses a packet that readers would cut', (t) => {
  const source = { linkType: 1, snapLength: 96, timestampUnit: 1e-6 };
  const encoder = new PcapEncoder(source);
  encoder.write(new Packet(new Uint8Array(96), 300, 1, 0, source));
  t.throws(() => encoder.write(new Packet(new Uint8Array(97), 300, 1, 0, source)), {
    message: /readers would cut a packet of 97 bytes at the file's snapshot length of 96/,
  });
});
