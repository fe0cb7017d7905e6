/**
 * What goes wrong while packets are captured: one clear line, the right status, counts, and a savefile that can be read. Where
 * tcpdump says something, it says the same. Disks that fill before anything is written, and readers that are slow, stall or go
 * away, are in live.test.ts. Each fault has namespaces of its own; needs root and Linux.
 */

import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { Outcome } from '../lib/testing/faultWire.js';
import { fullRun } from '../lib/testing/vectors.js';

const WEIR = fileURLToPath(new URL('../command/weir.js', import.meta.url));
const WIRE = fileURLToPath(new URL('../lib/testing/faultWire.js', import.meta.url));
/** In the process that captures, the clock of the host seems to be set back by an hour, two seconds after it began. */
const SET_BACK = `data:text/javascript,${encodeURIComponent(
  'const now = Date.now, from = now(); Date.now = () => now() - (now() - from > 2000 ? 3600e3 : 0);',
)}`;

const has = (program: string): boolean => spawnSync('which', [program]).status === 0;
const skipped = !fullRun
  ? 'it is for full runs'
  : process.platform !== 'linux' || process.getuid?.() !== 0
    ? 'this needs root on Linux'
    : spawnSync('unshare', ['--net', '--mount', 'ip', 'link']).status !== 0
      ? 'namespaces cannot be made here'
      : ['tcpdump', 'setpriv'].find((program) => !has(program))?.concat(' is not installed');

/** Whether one without rights can read the command at all. */
const isReadable = (): boolean =>
  spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'test', '-r', WEIR]).status === 0;

const folder = mkdtempSync(join(tmpdir(), 'weir-faults-'));
test.after.always(() => rmSync(folder, { recursive: true }));

const run = (fault: string, ...program: readonly string[]): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const place = mkdtempSync(join(folder, 'run-'));
    const words = ['--net', '--mount', process.execPath, WIRE, place, fault, ...program];
    execFile('unshare', words, { encoding: 'utf8', timeout: 60_000 }, (error, stdout, stderr) =>
      error === null
        ? resolve(JSON.parse(stdout) as Outcome)
        : reject(new Error(`${error.message}\n${stderr}`)),
    );
  });

interface Expected {
  readonly status: number;
  /** What it says besides that it listens, and its counts. */
  readonly says: RegExp;
  /** Packets that it counts, and that are in the file. */
  readonly captured?: number;
  /** Whether tcpdump gives the same status, and says it in the same words. */
  readonly beside?: boolean;
  readonly node?: readonly string[];
}

const faults = test.macro({
  title: (_, fault: string) => `a capture: ${fault}`,
  async exec(t, fault: string, { status, says, captured, beside = false, node = [] }: Expected) {
    if (skipped !== undefined) {
      t.log(`left out: ${skipped}`);
      t.pass();
      return;
    }
    if (fault === 'without rights' && !isReadable()) {
      t.log('left out: only root can read the command here');
      t.pass();
      return;
    }
    const ours = await run(fault, process.execPath, ...node, WEIR);
    t.is(ours.status, status, ours.messages);
    t.regex(ours.messages, says);
    if (status === 0 || /^\d+ packets captured$/m.test(ours.messages))
      t.regex(ours.saved, /^[1-9]\d* packets$/m, ours.saved);
    if (captured !== undefined) {
      t.regex(ours.messages, new RegExp(`^${captured} packets captured$`, 'm'), ours.messages);
      t.regex(ours.messages, /^\d+ packets received by filter\n\d+ packets dropped by kernel$/m);
      t.regex(ours.saved, new RegExp(`^${captured} packets`, 'm'));
      t.notRegex(ours.saved, /truncated/);
    }
    if (!beside) return;
    const theirs = await run(fault, 'tcpdump');
    t.is(theirs.status, status, theirs.messages);
    t.regex(theirs.messages.replace(/^tcpdump: (pcap_loop: )?/gm, 'weir: '), says);
  },
});

const quiet = /^weir: listening on va, .*\n\d+ packets captured\n/;
test(faults, 'down from the start', { status: 1, says: /^weir: va: That device is not up$/m, beside: true });
test(faults, 'down for a while', { status: 0, says: quiet, captured: 5, beside: true });
test(faults, 'gone', {
  status: 1,
  says: /^weir: (va: )?The interface disappeared$/m,
  captured: 3,
  beside: true,
});
// tcpdump takes it for gone.
test(faults, 'renamed', { status: 0, says: quiet, captured: 5 });
test(faults, 'moved to another namespace', {
  status: 1,
  says: /^weir: (va: )?The interface disappeared$/m,
  captured: 3,
  beside: true,
});
test(faults, 'suspended and resumed', { status: 0, says: quiet, captured: 9, beside: true });
test(faults, 'without rights', {
  status: 1,
  says: /^weir: va: You don't have permission to perform this capture on that device\n\(socket: Operation not permitted\)/m,
  beside: true,
});
test(faults, 'rights dropped', { status: 0, says: quiet, captured: 5 });
test(faults, 'the disk is full', { status: 1, says: /^weir: .*full.*\.pcap: No space left on device$/m });
test(faults, 'the clock is set back', {
  status: 0,
  says: /^Maximum file limit reached: 2$/m,
  node: ['--import', SET_BACK],
});
