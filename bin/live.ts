/** Live capture: the interfaces there are, and packets from one of them, printed or written. */

import { describeDevice, NO_LOADER, SNAP_LENGTH } from '../lib/command.js';
import { Filter, type Packet } from '../lib/index.js';
import { type Device, DeviceError, listDevices, openDevice } from '../lib/node.js';
import { printProgram } from './dump.js';
import { expressionOf, filterFor, filterOf, linkTypeText, warnAbout } from './expression.js';
import type { Options } from './options.js';
import type { TextOutput } from './print.js';
import { relinquishPrivileges } from './privileges.js';
import { CommandError, fail } from './report.js';
import { NO_MORE_FILES, Savefiles } from './savefiles.js';
import { loaderFor } from './selection.js';
import { writeMessage, writeOutput } from './standard.js';

const KIB = 1024;
const ETHERNET = 1;
const LINUX_SLL2 = 276;

export function printInterfaces(): void {
  for (const [index, device] of listDevices().entries()) {
    writeOutput(`${index + 1}.${describeDevice(device)}\n`);
  }
}

export async function captureLive(options: Options): Promise<void> {
  // Until there is something to report; Node would open a port for debuggers.
  let report = (): void => {};
  process.on('SIGUSR1', () => report());
  const source = await expressionOf(options);
  const expression = filterOf(source, options, await loaderFor(options), options.snapLength ?? SNAP_LENGTH);
  await using device = await open(expression, options);
  const filter = expression.for(device.interface, device.backend === 'linux' ? 'linux-live' : 'dead');
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
  report = () => writeMessage(`weir: ${summary(device, counts.captured).join(', ')}\n`);
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  process.on('SIGUSR2', () => output.flush());
  // tcpdump's sign of life while nothing is printed.
  const got = (): void => writeMessage(`Got ${counts.captured}\r`);
  const sign = options.verbose > 0 && !prints ? setInterval(got, 1000) : undefined;
  try {
    await run(device, options, output, counts);
  } catch (error) {
    // What was captured until the device went away is counted all the same.
    if (error instanceof DeviceError) fail(error);
    else if (error !== NO_MORE_FILES) throw error;
  } finally {
    for (const signal of STOP_SIGNALS) process.off(signal, stop);
    report = () => {};
    clearInterval(sign);
    await output.finish();
  }
  writeMessage(`${summary(device, counts.captured).join('\n')}\n`);
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function run(
  device: Device,
  { count: limit = Number.POSITIVE_INFINITY }: Options,
  output: LiveOutput,
  counts: { captured: number },
): Promise<void> {
  for await (const batch of device.batches()) {
    for (const packet of batch) {
      counts.captured++;
      output.take(packet);
      if (counts.captured >= limit) return;
    }
    output.flush();
  }
}

/** Opens the interface for the expression, which the kernel runs unless an engine is asked for to do so. */
async function open(filter: Filter, options: Options): Promise<Device> {
  try {
    const name = options.interface ?? listDevices()[0]?.name;
    if (name === undefined) throw new CommandError('no suitable device found');
    const device = await openDevice(name, {
      snapLength: options.snapLength ?? SNAP_LENGTH,
      promiscuous: options.promiscuous,
      direction: options.direction,
      immediate: options.immediate,
      ...(options.bufferSize === undefined ? {} : { bufferBytes: options.bufferSize * KIB }),
      ...(filter.expression === '' ? {} : { filter }),
    });
    if (hasLinkType(device, options.linkType)) return device;
    await device.close();
    throw new CommandError(`${options.linkType} is not one of the DLTs supported by this device`);
  } catch (error) {
    // Who may not capture should hear all the same that the expression is wrong.
    if (error instanceof DeviceError)
      filter.for(ETHERNET, process.platform === 'linux' ? 'linux-live' : 'dead');
    throw error;
  }
}

function hasLinkType({ interface: { linkType } }: Device, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  const any = new Filter('', {}, NO_LOADER);
  return filterFor(any, wanted).linkType === filterFor(any, linkType).linkType;
}

function announce(device: Device, options: Options): void {
  const prints = options.write === undefined || options.print;
  const hushed = prints && options.verbose === 0;
  if (hushed) writeMessage('weir: verbose output suppressed, use -v[v]... for full protocol decode\n');
  const { linkType, snapLength } = device.interface;
  if (linkType === LINUX_SLL2) writeMessage('weir: data link type LINUX_SLL2\n');
  const prefix = hushed ? '' : 'weir: ';
  writeMessage(
    `${prefix}listening on ${device.name}, link-type ${linkTypeText(linkType)}, snapshot length ${snapLength || SNAP_LENGTH} bytes\n`,
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
      snapLength: snapLength || SNAP_LENGTH,
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
    this.savefiles?.flush();
    this.text?.flush();
  }

  /** Savefiles first: where lines go may be full, or gone. */
  async finish(): Promise<void> {
    await this.savefiles?.close();
    this.text?.flush();
  }
}
