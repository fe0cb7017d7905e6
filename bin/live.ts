/** Live capture: the interfaces there are, and packets from one of them, printed or written. */

import { compileWith, type Filter, type Load, type Packet } from '../lib/index.js';
import {
  type Device,
  DeviceError,
  describeDevice,
  type KernelFilter,
  listDevices,
  openDevice,
} from '../lib/node.js';
import { printProgram } from './dump.js';
import {
  compileExpression,
  compileForCooked,
  expressionOf,
  linkTypeText,
  type Target,
  warnAbout,
} from './expression.js';
import type { Options } from './options.js';
import type { TextOutput } from './print.js';
import { relinquishPrivileges } from './privileges.js';
import { CommandError } from './report.js';
import { NO_MORE_FILES, Savefiles } from './savefiles.js';
import { loaderFor } from './selection.js';
import { writeMessage, writeOutput } from './standard.js';

const DEFAULT_SNAPLEN = 262144;
const KIB = 1024;

export function printInterfaces(): void {
  for (const [index, device] of listDevices().entries()) {
    writeOutput(`${index + 1}.${describeDevice(device)}\n`);
  }
}

export async function captureLive(options: Options): Promise<void> {
  const source = await expressionOf(options);
  // A wrong expression is reported before any right to capture is asked for.
  const compileFor = compilerOf(source, options, (await loaderFor(options)).load);
  compileFor(1, process.platform === 'linux');
  const kernelFilter: KernelFilter = ({ linkType }, cooked) =>
    cooked
      ? compileForCooked(source, targetFor(linkType, options, true), options)
      : compileFor(linkType, true).cbpf;
  // The kernel runs the filter unless an engine is asked for to do so.
  const filters = source !== '' && options.engine === undefined;
  await using device = await open(options, filters ? kernelFilter : undefined);
  const { filtersInKernel } = device;
  const filter = compileFor(device.interface.linkType, filtersInKernel);
  if (options.dump > 0) {
    await printProgram(filter, options);
    return;
  }
  if (options.user !== undefined) relinquishPrivileges(options.user);
  if (source !== '') warnAbout(filter, options);
  const prints = options.write === undefined || options.print;
  const text = prints ? new (await import('./print.js')).TextOutput(options) : undefined;
  const output = new LiveOutput(options, device, text);
  announce(device, options);

  const stop = (): void => void device.close();
  const counts = { captured: 0 };
  const report = (): void => writeMessage(`weir: ${summary(device, counts.captured).join(', ')}\n`);
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  process.on('SIGUSR1', report);
  process.on('SIGUSR2', () => output.flush());
  // tcpdump's sign of life while nothing is printed.
  const got = (): void => writeMessage(`Got ${counts.captured}\r`);
  const sign = options.verbose > 0 && !prints ? setInterval(got, 1000) : undefined;
  try {
    await run(device, filter, source === '' || filtersInKernel ? undefined : filter, options, output, counts);
  } catch (error) {
    if (error !== NO_MORE_FILES) throw error;
  } finally {
    for (const signal of STOP_SIGNALS) process.off(signal, stop);
    process.off('SIGUSR1', report);
    clearInterval(sign);
    await output.finish();
  }
  writeMessage(`${summary(device, counts.captured).join('\n')}\n`);
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function run(
  device: Device,
  { snapLength }: Filter,
  filter: Filter | undefined,
  options: Options,
  output: LiveOutput,
  counts: { captured: number },
): Promise<void> {
  const limit = options.count ?? Number.POSITIVE_INFINITY;
  for await (const batch of device.batches()) {
    for (const packet of batch) {
      if (filter !== undefined && filter.run(packet.data, packet.wireLength) === 0) continue;
      if (packet.data.length > snapLength) packet.data = packet.data.subarray(0, snapLength);
      output.take(packet);
      if (++counts.captured >= limit) return;
    }
    output.flush();
  }
}

/** For a link type by name where -y gives one, as the device has it otherwise. */
function targetFor(linkType: number, options: Options, inKernel: boolean): Target {
  return {
    linkType: options.linkType ?? linkType,
    snapLength: options.snapLength ?? DEFAULT_SNAPLEN,
    mode: inKernel ? 'linux-live' : 'dead',
  };
}

/** Compiles for a link type, once. */
function compilerOf(
  source: string,
  options: Options,
  load: Load,
): (linkType: number, inKernel: boolean) => Filter {
  const filters = new Map<string, Filter>();
  return (linkType, inKernel) => {
    const target = targetFor(linkType, options, inKernel);
    const kind = `${target.linkType} ${target.mode}`;
    const filter =
      filters.get(kind) ??
      (source === '' ? compileWith(load, '', target) : compileExpression(source, target, options, load));
    filters.set(kind, filter);
    return filter;
  };
}

async function open(options: Options, kernelFilter: KernelFilter | undefined): Promise<Device> {
  try {
    const name = options.interface ?? listDevices()[0]?.name;
    if (name === undefined) throw new CommandError('no suitable device found');
    return await openDevice(name, {
      snapLength: options.snapLength ?? DEFAULT_SNAPLEN,
      promiscuous: options.promiscuous,
      direction: options.direction,
      immediate: options.immediate,
      ...(options.bufferSize === undefined ? {} : { bufferBytes: options.bufferSize * KIB }),
      ...(kernelFilter === undefined ? {} : { kernelFilter }),
    });
  } catch (error) {
    if (error instanceof DeviceError)
      throw new CommandError(error.hint === '' ? error.message : `${error.message}\n(${error.hint})`);
    throw error;
  }
}

function announce(device: Device, options: Options): void {
  const prints = options.write === undefined || options.print;
  const hushed = prints && options.verbose === 0;
  if (hushed) writeMessage('weir: verbose output suppressed, use -v[v]... for full protocol decode\n');
  const { linkType, snapLength } = device.interface;
  const prefix = hushed ? '' : 'weir: ';
  writeMessage(
    `${prefix}listening on ${device.name}, link-type ${linkTypeText(linkType)}, snapshot length ${snapLength || DEFAULT_SNAPLEN} bytes\n`,
  );
}

const packets = (count: number): string => `${count} packet${count === 1 ? '' : 's'}`;

/** tcpdump's closing lines. */
function summary(device: Device, captured: number): readonly string[] {
  const lines = [`${packets(captured)} captured`];
  const stats = device.stats();
  if (stats === undefined) return lines;
  lines.push(`${packets(stats.received)} received by filter`, `${packets(stats.dropped)} dropped by kernel`);
  if (stats.droppedByInterface > 0) lines.push(`${packets(stats.droppedByInterface)} dropped by interface`);
  return lines;
}

class LiveOutput {
  private readonly text: TextOutput | undefined;
  private readonly savefiles: Savefiles | undefined;

  constructor(options: Options, device: Device, text: TextOutput | undefined) {
    const { write, writeFormat, precision } = options;
    this.text = text;
    if (write === undefined) return;
    const { linkType, snapLength } = device.interface;
    this.savefiles = new Savefiles(options, {
      format: writeFormat ?? (write.endsWith('.pcapng') ? 'pcapng' : 'pcap'),
      linkType,
      snapLength: snapLength || DEFAULT_SNAPLEN,
      nanoseconds: precision === 'nano',
    });
    // The header is there at once, for whoever reads the other end of a pipe.
    this.flush();
  }

  take(packet: Packet): void {
    this.savefiles?.write(packet);
    this.text?.print(packet);
  }

  flush(): void {
    this.text?.flush();
    this.savefiles?.flush();
  }

  async finish(): Promise<void> {
    this.text?.flush();
    await this.savefiles?.close();
  }
}
