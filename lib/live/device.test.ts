/**
 * Real traffic on the loopback interface through each back end that is here, and the complaints.
 * Capturing needs root; without it, only that is tested.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { LoopbackReport } from '../testing/captureLoopback.js';
import { projectRoot } from '../testing/vectors.js';
import { type Backend, DeviceError, describeDevice, listDevices, openDevice } from './index.js';

const isRoot = process.getuid?.() === 0;

/** What the program captureLoopback gives; `undefined`, after a message, where nothing can be captured. */
function reportOf(t: ExecutionContext, ...words: readonly string[]): LoopbackReport | undefined {
  const program = join(projectRoot, 'dist', 'lib', 'testing', 'captureLoopback.js');
  const report: LoopbackReport = isRoot
    ? JSON.parse(execFileSync(process.execPath, [program, ...words], { encoding: 'utf8' }))
    : { skipped: 'capturing needs root' };
  if (report.skipped === undefined) return report;
  t.log(`skipped: ${report.skipped}`);
  t.pass();
  return undefined;
}

const NUMBERS = Array.from({ length: 500 }, (_, i) => i);

const captures = test.macro({
  title: (_, backend: Backend) => `${backend} captures every datagram on loopback, in order, with its time`,
  exec(t, backend: Backend) {
    const report = reportOf(t, backend);
    if (report === undefined) return;
    t.deepEqual(report.numbers, NUMBERS);
    t.is(report.others, 500);
    t.true(report.lead! > -0.01 && report.tail! > -0.01 && report.lead! + report.tail! < 30);
    t.false(report.filtersInKernel);
    if (backend === 'linux') t.true(report.received! >= 1000 && report.dropped === 0);
  },
});
test.serial(captures, 'linux');
test.serial(captures, 'cap');

const filters = test.macro({
  title: (_, device: string, engine: string) => `${device}, engine ${engine}: what matches, and nothing else`,
  exec(t, device: string, engine: string) {
    const report = reportOf(t, 'linux', device, engine);
    if (report === undefined) return;
    t.deepEqual(report.numbers, NUMBERS);
    t.is(report.others, 0);
    t.is(report.filtersInKernel, engine === 'auto');
    // Each datagram is seen going out and coming in; the filter asks for those that come in.
    if (engine === 'auto') t.is(report.received, 500);
    else t.true(report.received! >= 2000);
  },
});
test.serial(filters, 'lo', 'auto');
test.serial(filters, 'any', 'auto');
test.serial(filters, 'lo', 'cbpf-js');
test.serial(filters, 'any', 'ebpf-wasm');

test('cap in a worker is refused, because it would stay silent', async (t) => {
  const error = await t.throwsAsync(openDevice('lo', { backend: 'cap' }), { instanceOf: DeviceError });
  t.regex(error.message, /main thread/);
});

test('a device that does not exist', async (t) => {
  if (!isRoot) return t.pass();
  const error = await t.throwsAsync(openDevice('weir-none'), { instanceOf: DeviceError });
  t.true(error.code === 'not-found' || error.code === 'missing', error.message);
});

test('a number beyond the list', async (t) => {
  const error = await t.throwsAsync(openDevice('9999'), { instanceOf: DeviceError });
  t.is(error.message, 'Invalid adapter index');
});

test('without rights, the error says how to get them', async (t) => {
  if (isRoot || process.platform !== 'linux') return t.pass();
  const error = await t.throwsAsync(openDevice('lo'), { instanceOf: DeviceError });
  if (error.code !== 'missing') t.regex(error.hint, /setcap/);
  t.pass();
});

test('devices in the words of tcpdump -D', (t) => {
  const device = {
    name: 'eth0',
    description: '',
    up: true,
    running: true,
    loopback: false,
    wireless: false,
    connected: true,
    addresses: [],
  };
  t.is(describeDevice(device), 'eth0 [Up, Running, Connected]');
  t.is(
    describeDevice({ ...device, running: false, wireless: true, connected: false }),
    'eth0 [Up, Wireless, Not associated]',
  );
  t.is(
    describeDevice({ ...device, up: false, running: false, connected: undefined, description: 'what' }),
    'eth0 (what) [none]',
  );
  const names = listDevices().map(({ name }) => name);
  if (process.platform === 'linux') t.true(names.includes('any'));
});

test('addresses of devices are those that ip(8) shows', (t) => {
  const { status, stdout } = spawnSync('ip', ['-j', 'addr', 'show', 'dev', 'lo'], { encoding: 'utf8' });
  const lo = listDevices().find(({ name }) => name === 'lo');
  if (status !== 0 || lo === undefined) return void t.pass('no ip(8), or no lo');
  const [shown] = JSON.parse(stdout) as [{ addr_info: { local: string; prefixlen: number }[] }];
  const expected = shown.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  t.deepEqual(
    lo.addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`).sort(),
    expected.sort(),
  );
});
