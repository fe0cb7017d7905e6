/** Live capture: the interfaces there are, and packets from one of them, printed or written. */

import { release, type } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { AUTO, LINUX_SLL2, NO_LOADER, PacedSink, recordsOf, SNAP_LENGTH } from '../lib/command.js';
import { Filter, OPTION, type Packet, textOption } from '../lib/index.js';
import { type Device, DeviceError, listDevices, openDevice } from '../lib/node.js';
import { checkMonitorMode, linkTypeNumber, stampsFor } from './deviceFacts.js';
import { printProgram } from './dump.js';
import { expressionOf, filterOf, linkTypeText, warnAbout } from './expression.js';
import type { LiveChoice } from './liveChoice.js';
import type { LiveSplit } from './liveSplit.js';
import type { Options } from './options.js';
import type { TextOutput } from './print.js';
import { relinquishAround } from './privileges.js';
import { CommandError, fail, warn } from './report.js';
import { NO_MORE_FILES, onlyCopies, type SavefileForm, Savefiles, savefileFormat } from './savefiles.js';
import type { Follow } from './seek.js';
import { kernelMachineOf, loaderFor } from './selection.js';
import { STDOUT, writeMessage, writeOutput } from './standard.js';
import { packageVersion } from './version.js';

const KIB = 1024;
const ETHERNET = 1;

/** @param quiet - Only what goes wrong is said, and a reader of the savefile that goes has what it wanted. */
export async function captureLive(options: Options, { quiet = false } = {}): Promise<void> {
  // Until there is something to report; Node would open a port for debuggers.
  let report = (): void => {};
  process.on('SIGUSR1', () => report());
  const source = await expressionOf(options);
  const loader = kernelMachineOf(options.engine) === undefined ? await loaderFor(options) : AUTO;
  const expression = filterOf(source, options, loader, options.snapLength ?? SNAP_LENGTH);
  const { rules, split, flows, first } = options;
  const chooses = (rules ?? split ?? flows ?? first) !== undefined && options.dump === 0;
  // The kernel tells nothing of flows, and of rules only whether any matches.
  await using device = await open(chooses ? new Filter('', {}, NO_LOADER) : expression, options);
  const filter = expression.for(device.interface, device.backend === 'linux' ? 'linux-live' : 'dead');
  if (options.dump > 0) {
    await printProgram(filter, options);
    return;
  }
  const choice = chooses
    ? await (await import('./liveChoice.js')).liveChoice(
        options,
        device.interface,
        source === '' ? undefined : expression,
      )
    : undefined;
  const makeText = await (await import('./print.js')).textMaker(options);
  const follow = options.makesIndex ? (await import('./seek.js')).followerOf(options) : undefined;
  const output = await relinquishAround(
    options,
    () => new LiveOutput(options, device, chooses ? '' : source, makeText, choice, follow),
  );
  if (source !== '') warnAbout(filter, options);
  if (!quiet) announce(device, options);
  // A device that is silent costs nothing: V8 would begin to collect garbage some seconds after the start, for 25 ms.
  setFlagsFromString('--no-incremental-marking');

  const counts = { captured: 0 };
  report = () => writeMessage(`weir: ${summary(device, counts.captured).join(', ')}\n`);
  const written = quiet ? undefined : options.write;
  await captureUntilStopped(device, options, output, counts, { wants: choice?.wants, written });
  report = () => {};
  if (!quiet) writeMessage(`${summary(device, counts.captured).join('\n')}\n`);
  choice?.report();
  if (choice !== undefined && (options.countOnly || split !== undefined)) writeOutput(choice.table());
}

/** Captures until as many packets came as are wanted, a signal ends it, or device, disk or reader fail. */
async function captureUntilStopped(
  device: Device,
  options: Options,
  output: LiveOutput,
  counts: { captured: number },
  { wants, written }: { wants: LiveChoice['wants'] | undefined; written: string | undefined },
): Promise<void> {
  let stopped: number | undefined;
  const stop = (): void => {
    stopped ??= performance.now();
    void device.close();
  };
  const patient = (): boolean => stopped === undefined || performance.now() - stopped < PATIENCE_MS;
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  process.on('SIGUSR2', () => output.flush());
  // tcpdump's sign of life while nothing is printed.
  const got = (): void => writeMessage(`Got ${counts.captured}\r`);
  const sign = options.verbose > 0 && !prints(options) ? setInterval(got, 1000) : undefined;
  try {
    await run(device, options, output, counts, patient, wants);
  } catch (error) {
    // What was captured until the device or the reader went away, or the disk was full, is counted all the same.
    if (error !== NO_MORE_FILES) fail(error, { output: written });
  } finally {
    clearInterval(sign);
    await output.finish(patient).catch((error) => fail(error, { output: written }));
    for (const signal of STOP_SIGNALS) process.off(signal, stop);
  }
}

/** Whether packets are printed, and not only written. */
const prints = ({ write, print, rules, split, countOnly }: Options): boolean =>
  ((write ?? split) === undefined && !(rules !== undefined && countOnly)) || print;

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** How long a signal that ends the capture leaves a slow reader for what it has not read yet. */
const PATIENCE_MS = 300;

async function run(
  device: Device,
  options: Options,
  output: LiveOutput,
  counts: { captured: number },
  patient: () => boolean,
  wants: LiveChoice['wants'] | undefined,
): Promise<void> {
  const records =
    wants === undefined && onlyCopies(options) ? recordsOf(device, options.precision === 'nano') : undefined;
  for await (const { count, bytes } of records ?? []) {
    counts.captured += count;
    output.takeRecords(bytes);
    await output.drained(patient);
  }
  if (records !== undefined) return;
  const { count: limit = Number.POSITIVE_INFINITY } = options;
  for await (const batch of device.batches()) {
    for (const packet of batch) {
      if (wants?.(packet) === false) continue;
      counts.captured++;
      output.take(packet);
      if (counts.captured >= limit) return;
    }
    output.flush();
    await output.drained(patient);
  }
}

/** Opens the interface for the expression, which the kernel runs unless an engine is asked for to do so. */
async function open(filter: Filter, options: Options): Promise<Device> {
  try {
    const name = options.interface ?? listDevices()[0]?.name;
    if (name === undefined) throw new CommandError('no suitable device found');
    if (options.monitor) checkMonitorMode(name);
    const device = await openDevice(name, {
      timeStampType: stampsFor(name, options.timeStampType),
      snapLength: options.snapLength ?? SNAP_LENGTH,
      promiscuous: options.promiscuous,
      direction: options.direction,
      immediate: options.immediate,
      bufferBytes: options.bufferSize === undefined ? undefined : options.bufferSize * KIB,
      linkType: linkTypeNumber(options.linkType),
      kernel: kernelMachineOf(options.engine),
      onFallback: warn,
      ...(filter.expression === '' ? {} : { filter }),
    });
    return device;
  } catch (error) {
    // Who may not capture should hear all the same that the expression is wrong.
    if (error instanceof DeviceError && error.code === 'link-type')
      throw new CommandError(`${options.linkType} is not one of the DLTs supported by this device`);
    if (error instanceof DeviceError)
      filter.for(ETHERNET, process.platform === 'linux' ? 'linux-live' : 'dead');
    throw error;
  }
}

function announce(device: Device, options: Options): void {
  const hushed = prints(options) && options.verbose === 0;
  if (hushed) writeMessage('weir: verbose output suppressed, use -v[v]... for full protocol decode\n');
  const { linkType, snapLength } = device.interface;
  if (linkType === LINUX_SLL2 || options.linkType !== undefined)
    writeMessage(`weir: data link type ${linkTypeText(linkType).replace(/ .*/, '')}\n`);
  const prefix = hushed ? '' : 'weir: ';
  writeMessage(
    `${prefix}listening on ${device.name}, link-type ${linkTypeText(linkType)}, snapshot length ${snapLength} bytes\n`,
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
  private readonly savefiles: Savefiles | LiveSplit | undefined;
  private readonly label: LiveChoice['label'];
  /** Of text and of the savefile that is being written. */
  private readonly sinks: { text?: PacedSink; file?: PacedSink } = {};
  /** Packets of the savefile. */
  private delivered = 0;

  constructor(
    options: Options,
    device: Device,
    source: string,
    makeText: (sink: PacedSink) => TextOutput,
    choice: LiveChoice | undefined,
    follow: Follow | undefined,
  ) {
    const { write, precision } = options;
    this.label = choice?.label;
    if (prints(options)) {
      this.sinks.text = new PacedSink(STDOUT);
      this.text = makeText(this.sinks.text);
    }
    if (write === undefined && choice?.split === undefined) return;
    const { linkType, snapLength } = device.interface;
    const form = {
      format: savefileFormat(options),
      linkType,
      snapLength,
      nanoseconds: precision === 'nano',
      pcapng: this.aboutCapture(device, source),
    } as const;
    this.savefiles =
      choice?.split?.open(form) ??
      new Savefiles(options, form, [], undefined, (target) => this.sinkFor(target, follow));
    // The header is there at once, for whoever reads the other end of a pipe.
    this.flush();
  }

  /** The program, the filter and the system at the start of a pcapng file, counts and times at its end, as dumpcap has it. */
  private aboutCapture(device: Device, source: string): NonNullable<SavefileForm['pcapng']> {
    const filter = {
      code: OPTION.interface.filter,
      value: Buffer.concat([Buffer.of(0), Buffer.from(source)]),
    };
    const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;
    let startNs = nowNs();
    return {
      options: {
        section: [
          textOption(OPTION.section.os, `${type()} ${release()}`),
          textOption(OPTION.section.application, `Weir ${packageVersion()}`),
        ],
        describe: () => (source === '' ? [] : [filter]),
      },
      begin: (encoder) => {
        startNs = nowNs();
        this.delivered = 0;
        encoder.declare(device.interface);
      },
      end: (encoder) => {
        const statistics = { ...device.stats(), startNs, endNs: nowNs(), delivered: this.delivered };
        encoder.writeStatistics(device.interface, statistics);
      },
    };
  }

  take(packet: Packet): void {
    this.savefiles?.write(packet);
    this.delivered++;
    this.text?.print(packet, this.label?.());
  }

  takeRecords(bytes: Uint8Array): void {
    (this.savefiles as Savefiles).writeRecords(bytes);
  }

  flush(): void {
    this.savefiles?.flush();
    this.text?.flush();
  }

  /** Settles when readers have taken what was written, or when that is not waited for any more. */
  async drained(patient: () => boolean): Promise<void> {
    for (const sink of Object.values(this.sinks)) if (sink.unwritten > 0) await sink.drained(patient);
  }

  /** Savefiles first: where lines go may be full, or gone. */
  async finish(patient: () => boolean): Promise<void> {
    try {
      this.savefiles?.conclude();
      this.flush();
      await this.drained(patient);
    } finally {
      await this.savefiles?.close();
    }
    for (const { name, unwritten } of Object.values(this.sinks))
      if (unwritten > 0)
        throw new CommandError(
          `${name || 'standard output'}: ${unwritten} bytes are lost, because nobody reads them`,
        );
  }

  private sinkFor(target: string | number, follow: Follow | undefined): PacedSink {
    const file = new PacedSink(target);
    file.follower = follow?.(file.name);
    this.sinks.file = file;
    return file;
  }
}
