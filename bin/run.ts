/** `weir run`: programs of an object over a capture, each packet an event on the hook of the program's section. */

import { writeFileSync } from 'node:fs';
import {
  bodyOf,
  type LoadedObject,
  type LoadedProgram,
  ObjectError,
  openSavefile,
  type RowProgram,
  rowAccelerator,
  SNAP_LENGTH,
  VerificationError,
} from '../lib/command.js';
import {
  type Capture,
  type Filter,
  Packet,
  PcapEncoder,
  PcapngEncoder,
  type Selection,
  selectionOf,
} from '../lib/index.js';
import { FileSink, PacketWriter } from '../lib/node.js';
import { coverageText, InstructionCounts, lcovOf, profileText } from './coverage.js';
import { expressionOf, filterOf, reasonOf } from './expression.js';
import { didYouMean, parseLine, UsageError } from './getopt.js';
import {
  asObject,
  chosenProgram,
  OBJECT_ROWS,
  OBJECT_USAGE,
  type ObjectWords,
  openObject,
  readBytes,
} from './objectFile.js';
import { fillMap, mapsText, orCommandError } from './objectMaps.js';
import { type Options, parseOptions } from './options.js';
import type { TextOutput } from './print.js';
import { CommandError } from './report.js';
import { loaderFor } from './selection.js';
import { STDOUT, writeMessage, writeOutput } from './standard.js';
import { type Fate, verdictName } from './verdicts.js';
import { rejectionOf } from './verifyObject.js';

/** Letters that say how packets are printed, as everywhere. */
const PRINTING = 'nNvtexXAqS#';

const ROWS = [
  { short: 'r', long: ['read'], value: 'required' },
  { short: 'w', long: ['write'], value: 'required' },
  { short: 'c', long: ['count'], value: 'required' },
  ...OBJECT_ROWS,
  { long: ['chain'], value: 'required' },
  { long: ['print'], value: 'none' },
  { long: ['keep'], value: 'required' },
  { long: ['maps'], value: 'none' },
  { long: ['map'], value: 'required' },
  { long: ['trace'], value: 'none' },
  { long: ['events'], value: 'none' },
  { long: ['coverage'], value: 'optional' },
  { long: ['profile'], value: 'none' },
  { long: ['engine'], value: 'required' },
  { long: ['filter'], value: 'required' },
  ...[...PRINTING].map((short) => ({ short, long: [`print-${short}`], value: 'none' }) as const),
  { short: 'h', long: ['help'], value: 'none' },
] as const;

const KEEPS = ['drop', 'pass', 'tx', 'redirect', 'all'] as const;

export const USAGE = `Usage: weir run OBJECT -r CAPTURE [-w FILE] [--keep ${KEEPS.join(' | ')}] [--print] [--maps]
                [--map NAME=FILE.json] [--trace] [--events] [--coverage[=FILE]] [--profile]
                [--program NAME | --section NAME | --chain NAME,NAME,…] [EXPRESSION]

Runs a program of an object that clang made over a capture, and counts its verdicts. With an expression it sees only what
matches. -w writes what passed, as the program left it; --keep says what else. --print prints each packet after its
verdict (with -n, -v, -e, -x as everywhere). --map fills a map before, --maps prints maps afterwards; --trace prints
what bpf_printk says, --events the records of ring buffers and perf event arrays. --coverage prints the lines of C with how
often each ran, or writes an lcov file; --profile tells where the instructions went. --chain runs several programs in
turn, each on what the one before passed. The verifier (rules: sound) goes first.
${OBJECT_USAGE}`;

/** @throws UsageError, CommandError, CaptureError, FilterError */
export async function runObject(line: readonly string[]): Promise<void> {
  const { options: parsed, operands } = parseLine(line, ROWS);
  const has = (name: string): boolean => parsed.some(({ row }) => row.long[0] === name);
  const words: ObjectWords = {
    given: (name) => parsed.findLast(({ row }) => row.long[0] === name)?.value,
    all: (name) =>
      parsed.flatMap(({ row, value }) => (row.long[0] === name && value !== undefined ? [value] : [])),
  };
  if (has('help')) return writeOutput(USAGE);
  const [file, ...expression] = operands;
  const read = words.given('read');
  if (file === undefined) throw new UsageError('run takes an object file');
  if (read === undefined) throw new UsageError('run takes a capture: -r FILE');
  const keep = words.given('keep') ?? 'pass';
  if (!KEEPS.includes(keep as 'all'))
    throw new UsageError(`--keep takes ${KEEPS.join(', ')}, not '${keep}'${didYouMean(keep, KEEPS)}`);
  const letters = [...PRINTING].flatMap((letter) =>
    parsed.filter(({ row }) => row.long[0] === `print-${letter}`).map(() => `-${letter}`),
  );
  const given = words.given('filter');
  const options = parseOptions([
    '-r',
    read,
    ...letters,
    ...(given === undefined ? [] : [`--filter=${given}`]),
    '--',
    ...expression,
  ]);
  const count = words.given('count');
  if (count !== undefined && !/^[1-9]\d*$/.test(count)) throw new UsageError(`invalid packet count ${count}`);
  const counts = has('coverage') || has('profile') ? new InstructionCounts() : undefined;
  const run = new Run(
    file,
    words,
    { keep: keep as Keep, text: await textFor(has('print'), options), events: has('events') },
    has('trace'),
    counts,
  );
  const filter =
    options.expression.trim() === ''
      ? undefined
      : filterOf(await expressionOf(options), options, await loaderFor(options));
  await using capture = await openSavefile(read === '-' ? 0 : read, { name: read });
  run.begin(capture, words.given('write'), read);
  try {
    await capture.scan(
      run.onlyCounts && count === undefined
        ? run.selection(filter)
        : {
            ...(filter === undefined ? {} : selectionOf(filter)),
            ...(count === undefined ? {} : { limit: Number(count) }),
            onMatch: (packet) => run.packet(packet),
          },
    );
  } finally {
    run.end();
  }
  if (has('maps')) writeOutput(mapsText(run.object, (map) => [map.toJSON()].flat()));
  if (counts === undefined) return;
  const coverage = words.given('coverage');
  if (coverage !== undefined) writeText(coverage, lcovOf(run.object.programs, counts));
  else if (has('coverage'))
    writeOutput(
      coverageText(
        run.object.programs.filter((one) => run.isTold(one, counts)),
        counts,
      ),
    );
  if (has('profile')) writeOutput(profileText(run.object, counts, run.packets));
}

type Keep = Fate | 'all';

/** Printers are loaded where they are needed: start-up counts. */
const textFor = async (prints: boolean, options: Options): Promise<TextOutput | undefined> =>
  prints ? (await import('./print.js')).wordOutput(options) : undefined;

interface Wishes {
  readonly keep: Keep;
  /** Where packets are printed to. */
  readonly text: TextOutput | undefined;
  readonly events: boolean;
}

const ETHERNET = 1;
/** Bytes of link headers before IP, by link type: what programs of cgroups do not see. */
const LINK_HEADERS: ReadonlyMap<number, number> = new Map([
  [ETHERNET, 14],
  [12, 0],
  [14, 0],
  [101, 0],
  [228, 0],
  [229, 0],
  [113, 16],
  [276, 20],
]);

/** Packets of files come in through one interface. */
const METADATA = { interfaceIndex: 1 };

/** How often each verdict was given; mostly they are small numbers. */
class VerdictCounts {
  private readonly small = new Float64Array(16);
  private readonly others = new Map<number, number>();

  add(verdict: number): void {
    if (verdict < this.small.length) this.small[verdict]!++;
    else this.others.set(verdict, (this.others.get(verdict) ?? 0) + 1);
  }

  *[Symbol.iterator](): Generator<readonly [verdict: number, times: number]> {
    for (const [verdict, times] of this.small.entries()) if (times > 0) yield [verdict, times];
    yield* this.others;
  }
}

/** Programs over the packets of one capture. */
class Run {
  readonly object: LoadedObject;
  packets = 0;
  private readonly chain: readonly LoadedProgram[];
  private readonly wishes: Wishes;
  private readonly traces: boolean;
  private readonly names = new Map<string, number>();
  private writer: PacketWriter | undefined;
  private skipped = 0;
  /** Standard output is the capture. */
  private tellsAside = false;
  private written = 0;
  /** What the fast way counts. */
  private readonly verdicts = new VerdictCounts();

  constructor(
    file: string,
    words: ObjectWords,
    wishes: Wishes,
    traces: boolean,
    counts: InstructionCounts | undefined,
  ) {
    const bytes = asObject(readBytes(file));
    if (bytes === undefined) throw new CommandError(`${file}: no ELF object of clang`);
    const engine = words.given('engine') ?? 'auto';
    if (engine !== 'auto' && engine !== 'wasm' && engine !== 'interpreter')
      throw new UsageError(
        `no engine '${engine}': there are auto, wasm, interpreter${didYouMean(engine, ['auto', 'wasm', 'interpreter'])}`,
      );
    this.object = openObject(file, bytes, words, {
      engine,
      ...(traces
        ? { trace: (said: string) => writeOutput(`#${this.packets} ${said.replace(/\n$/, '')}\n`) }
        : {}),
      ...(counts === undefined
        ? {}
        : engine === 'interpreter'
          ? { observe: counts.observe }
          : { counted: counts.add }),
    });
    for (const word of words.all('map')) fillMap(this.object, word);
    const named = words.given('chain');
    this.chain =
      named === undefined
        ? [chosenProgram(this.object, words)]
        : named.split(',').map((name) => orCommandError(() => this.object.program(name)));
    for (const program of this.chain) readied(program);
    this.wishes = wishes;
    this.traces = traces;
  }

  /** What every packet is given to; those that it passes go to the next. */
  private get first(): LoadedProgram {
    return this.chain[0]!;
  }

  /** Whether a program ran, or is one of those that were to run. */
  isTold(program: LoadedProgram, counts: InstructionCounts): boolean {
    return this.chain.includes(program) || counts.of(program).some((times) => times > 0);
  }

  begin(capture: Capture, write: string | undefined, read: string): void {
    const [source] = capture.interfaces;
    if (source !== undefined) this.check(source.linkType);
    if (write === undefined) return;
    this.tellsAside = write === '-';
    const sink = new FileSink(write === '-' ? STDOUT : write, ...(read === '-' ? [] : [read]));
    const isPcap = write.endsWith('.pcap') || (capture.format === 'pcap' && !write.endsWith('.pcapng'));
    const form = {
      linkType: source?.linkType ?? ETHERNET,
      snapLength: source?.snapLength ?? SNAP_LENGTH,
      nanoseconds: (source?.timestampUnit ?? 1e-6) < 1e-6,
    };
    this.writer = new PacketWriter(isPcap ? new PcapEncoder(form) : new PcapngEncoder({}), sink);
  }

  private check(linkType: number): void {
    for (const { type, name } of this.chain)
      if ((type === 'xdp' || type === 'sched_cls' || type === 'sched_act') && linkType !== ETHERNET)
        throw new CommandError(`${name} sees Ethernet, and the capture's link type is ${linkType}`);
  }

  /** Whether nothing but verdicts is asked for, so that packets need not be made objects. */
  get onlyCounts(): boolean {
    const isSimple = this.chain.length === 1 && this.first.type !== 'cgroup_skb';
    const emits = this.first.maps.some(({ map }) => map !== undefined && 'records' in map);
    return isSimple && !emits && !this.traces && this.wishes.text === undefined && this.writer === undefined;
  }

  /** A test that matches nothing, and counts what the program says of each packet. */
  selection(filter: Filter | undefined): Selection {
    const { first } = this;
    const note = (verdict: number): void => {
      this.packets++;
      this.verdicts.add(verdict);
    };
    let program = first.attach();
    const make = (): RowProgram | undefined => {
      const rows = first.forRows();
      program = first.attach();
      return rows && { ...rows, metadata: METADATA };
    };
    return {
      select: (source) => {
        this.check(source.linkType);
        const test = filter?.for(source).test;
        return (bytes, start, capturedLength, wireLength) => {
          if (test !== undefined && test(bytes, start, capturedLength, wireLength) === 0) return 0;
          note(program(bytes, start, capturedLength, wireLength, METADATA));
          return 0;
        };
      },
      accelerator: rowAccelerator(make, filter && ((source) => bodyOf(filter, source)), note),
    };
  }

  packet(packet: Packet): void {
    const { type } = this.first;
    this.packets++;
    const header = type === 'cgroup_skb' ? headerLength(packet) : 0;
    if (header === undefined) {
      this.skipped++;
      return;
    }
    const link = packet.data.subarray(0, header);
    let bytes = packet.data.subarray(header);
    let wireLength = packet.wireLength - header;
    let answer = { name: '', fate: 'pass' as Fate };
    for (const program of this.chain) {
      const outcome = program.run(bytes, { wireLength, metadata: METADATA });
      answer = verdictName(program.type, outcome.verdict);
      wireLength += outcome.packet.length - bytes.length;
      bytes = outcome.packet;
      if (program.type === 'socket_filter') bytes = bytes.subarray(0, outcome.verdict);
      if (answer.fate !== 'pass') break;
    }
    this.count(answer.name, 1);
    this.drain();
    const { keep, text } = this.wishes;
    if (this.writer === undefined && text === undefined) return;
    const isChanged = bytes.length !== packet.data.length || bytes.buffer !== packet.data.buffer;
    const after = isChanged ? withBytes(packet, joined(link, bytes), wireLength + header) : packet;
    text?.print(after, `${answer.name.padEnd(12)} `);
    if (this.writer === undefined || (keep !== 'all' && keep !== answer.fate)) return;
    this.writer.write(after);
    this.written++;
  }

  private count(name: string, times: number): void {
    this.names.set(name, (this.names.get(name) ?? 0) + times);
  }

  /** Records are taken after each packet, as by a reader that keeps up. */
  private drain(): void {
    for (const map of this.object.maps)
      for (let record = map.takeRecord(); record !== undefined; record = map.takeRecord()) {
        this.names.set(`records of ${map.name}`, (this.names.get(`records of ${map.name}`) ?? 0) + 1);
        if (this.wishes.events)
          writeOutput(`#${this.packets} ${map.name} ${Buffer.from(record).toString('hex')}\n`);
      }
  }

  end(): void {
    this.wishes.text?.flush();
    this.writer?.close();
    for (const [verdict, times] of this.verdicts)
      this.count(verdictName(this.first.type, verdict).name, times);
    const isRecord = (name: string): boolean => name.startsWith('records of ');
    const order = [...this.names].sort(
      ([a], [b]) => Number(isRecord(a)) - Number(isRecord(b)) || (a < b ? -1 : 1),
    );
    const told = order.map(([name, times]) => `${name} ${times}`);
    if (this.skipped > 0) told.push(`not IP, and not seen by the program ${this.skipped}`);
    if (told.length === 0) told.push('no packets');
    writeMessage(
      this.writer === undefined ? '' : `${this.written} packet${this.written === 1 ? '' : 's'} written\n`,
    );
    const tell = this.tellsAside ? writeMessage : writeOutput;
    tell(`${told.join(' · ')}\n`);
  }
}

function headerLength({ data, interface: { linkType } }: Packet): number | undefined {
  const length = LINK_HEADERS.get(linkType);
  if (length === undefined) return undefined;
  const version = (data[length] ?? 0) >> 4;
  if (linkType !== ETHERNET) return version === 4 || version === 6 ? length : undefined;
  const type = ((data[12] ?? 0) << 8) | (data[13] ?? 0);
  return (type === 0x0800 && version === 4) || (type === 0x86dd && version === 6) ? length : undefined;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function withBytes(packet: Packet, data: Uint8Array, wireLength: number): Packet {
  const { seconds, nanoseconds, interface: source, options } = packet;
  return new Packet(data, Math.max(wireLength, data.length), seconds, nanoseconds, source, options);
}

/** Verifies and compiles; what is refused is told in terms of C. */
function readied(program: LoadedProgram): void {
  try {
    program.attach();
  } catch (error) {
    if (error instanceof VerificationError)
      throw new CommandError(
        `${program.name}: the verifier refuses it\n${rejectionOf(program, { rules: 'sound' }) || error.message}`.trimEnd(),
      );
    if (error instanceof ObjectError || (error as Error).name === 'UnavailableError')
      throw new CommandError(`${program.name}: ${(error as Error).message}`);
    throw error;
  }
}

function writeText(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CommandError(`${file}: ${reasonOf(error)}`);
  }
}
