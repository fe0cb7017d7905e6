/**
 * Every option of the command, one row each: parsing, help text and shell completion read the table.
 * Spelling, meaning and messages are tcpdump's (tcpdump(1)) wherever tcpdump has the option.
 */

import {
  LIFT_FORMS,
  type LiftForm,
  OPTIMIZER_PASSES,
  PACKET_TYPES,
  type PacketType,
  SNAP_LENGTH,
  TIME_STAMP_TYPES,
  type TimeStampType,
} from '../lib/command.js';
import type { Direction } from '../lib/node.js';
import { type OptionSyntax, parseLine } from './getopt.js';
import { CommandError } from './report.js';
import { durationOf, instantOf, type Times } from './timeWindow.js';

/** What a command line asks for, as it is where nothing is said. */
export class Options {
  /** `-r`: savefiles to read; `-` is standard input. */
  read: string | undefined;
  /** `-V`: a file that lists savefiles. */
  readList: string | undefined;
  /** Threads that filter: files of a list, or parts of one. */
  jobs = 1;
  /** `--split`: the folder for savefiles, one for each rule of `by`. */
  split: string | undefined;
  by: readonly string[] = [];
  /** `--rules`: a file of named expressions, in place of one. */
  rules: string | undefined;
  /** `--first-match`: a packet is of the first rule that matches, not of all. */
  firstMatch = false;
  /** `--flows`: the whole flows of packets that match, or from the match on. */
  flows: 'whole' | 'after' | undefined;
  /** `--first`: of each flow so many packets, or packets until so many bytes. */
  first: { readonly packets?: number; readonly bytes?: number } | undefined;
  /** `--flow-split`: the folder for savefiles, one for each flow. */
  flowSplit: string | undefined;
  maxFlows = 1_000_000;
  /** `--since`, `--until`, `--start-offset`. */
  times: Times = { since: undefined, until: undefined, startOffset: undefined };
  /** What to do with the index beside a capture. */
  index: 'auto' | 'off' | 'require' = 'auto';
  /** Make an index beside what is written. */
  makesIndex = false;
  /** `-w`; `-` is standard output. */
  write: string | undefined;
  /** Container of the written file; `undefined` keeps the kind of what is read. */
  writeFormat: 'pcap' | 'pcapng' | undefined;
  /** `-C`: begin another file when one is larger than so many bytes; 0 never. */
  rotateBytes = 0;
  /** `-G`: begin another file every so many seconds; 0 never. */
  rotateSeconds = 0;
  /** `-W`: as many files as that; 0 any number. */
  fileCount = 0;
  /** `-z`: run with each file that another one has followed. */
  rotateCommand: string | undefined;
  interface: string | undefined;
  filterFile: string | undefined;
  /** `--filter`: the expression, which is then no operand. */
  filter: string | undefined;
  /** `-c`: stop after so many matching packets. */
  count: number | undefined;
  countOnly = false;
  print = false;
  /** `-s`; `undefined` as captured. */
  snapLength: number | undefined;
  linkType: string | undefined;
  optimize = true;
  /** Pass of the optimizer after which the program is printed, or `all`. */
  printAfter: string | undefined;
  /** How many `d`: 1 text, 2 C array, 3 decimal. */
  dump = 0;
  /** Print the compiled filter as WebAssembly text. */
  wasm = false;
  /** `--ebpf`: print what the filter becomes in this form. */
  ebpf: LiftForm | undefined;
  /** `--accept`, `--reject`: results of that program, as numbers or names. */
  accept: string | undefined;
  reject: string | undefined;
  numeric = 0;
  shortNames = false;
  linkLayer = false;
  quiet = 0;
  verbose = 0;
  absoluteSequence = false;
  timestamp = 0;
  precision: 'micro' | 'nano' | undefined;
  hex = 0;
  hexAscii = 0;
  ascii = 0;
  number = false;
  /** `--json`: packets as objects, one a line. */
  json = false;
  /** `--fields`: packets as lines of these fields. */
  fields: readonly string[] | undefined;
  /** `undefined`: not asked for, which means tabs. */
  table: 'tsv' | 'csv' | undefined;
  /** Print the names of the fields first. */
  header = false;
  /** `--list-fields`: what the names are to begin with. */
  fieldPrefix = '';
  skipChecksums = false;
  asDot = false;
  rawHandles = false;
  meshHeaders = false;
  /** `-M`: what TCP signatures are made with. */
  tcpSecret: string | undefined;
  packetType: PacketType | undefined;
  lineBuffered = false;
  packetBuffered = false;
  promiscuous = true;
  /** `-I`: the device hands over what it hears, with 802.11 headers. */
  monitor = false;
  /** `-j`: what stamps packets. */
  timeStampType: TimeStampType | undefined;
  /** `-Q`: packets that come in, go out, or both. */
  direction: Direction = 'inout';
  /** Hand on each packet at once. */
  immediate = false;
  /** `-Z`: go on as this user once the input is open. */
  user: string | undefined;
  /** `-B`: kernel buffer in KiB. */
  bufferSize: number | undefined;
  engine: string | undefined;
  /** `--explain`: why packets match or do not, of one packet where a number is given; or every step. */
  explain: { readonly steps: boolean; readonly packet: number | undefined } | undefined;
  /** `--profile`: how often what of the filter ran. */
  profile = false;
  /** `--svg`, `--dot`: files for pictures of the program's flow. */
  svg: string | undefined;
  dot: string | undefined;
  reader: 'weir' | 'pcap-parser' = 'weir';
  lint = true;
  /** Addresses of the hosts in the expression, once they have been looked up. */
  hosts: ReadonlyMap<string, readonly string[]> = new Map();
  vxlanPort: number | undefined;
  genevePort: number | undefined;
  /** What to do instead of filtering. */
  action:
    | 'filter'
    | 'equivalent'
    | 'libpcap'
    | 'split'
    | 'flowSplit'
    | 'help'
    | 'version'
    | 'listInterfaces'
    | 'listLinkTypes'
    | 'listTimeStampTypes'
    | 'listFilters'
    | 'listFields'
    | 'listEngines' = 'filter';
  expression = '';
  /** The words that are no options. */
  operands: readonly string[] = [];
}

/** Headings of the help text, in its order. */
export type Group = 'Input' | 'Output' | 'Printing' | 'Filter' | 'Live capture' | 'About';

export interface OptionRow extends OptionSyntax {
  readonly group: Group;
  /** Placeholder of the value in the help text. */
  readonly argument?: string | undefined;
  readonly help: string;
  readonly set: (options: Options, value: string) => void;
}

/** A number as C's strtol takes it with base 0 or 10, within bounds, or tcpdump's message. */
function numberIn(what: string, text: string, min: number, max: number): number {
  const value = /^(0[xX][0-9a-fA-F]+|\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new CommandError(`invalid ${what} ${text}`);
  return value;
}

const UNITS: Readonly<Record<string, number>> = { '': 1e6, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** Bytes of a file size as -C has it: millions, or binary units where a letter says so. */
function fileSize(text: string): number {
  const [, number = '', unit = ''] = /^(.*?)([kmg]?)$/i.exec(text) ?? [];
  const size = /^\d+$/.test(number) ? Number(number) * UNITS[unit.toLowerCase()]! : 0;
  if (!(size > 0 && size <= Number.MAX_SAFE_INTEGER)) throw new CommandError(`invalid file size ${text}`);
  return size;
}

function timeStampType(text: string): TimeStampType {
  const type = TIME_STAMP_TYPES.find(({ name }) => name === text)?.name;
  if (type === undefined) throw new CommandError(`invalid time stamp type ${text}`);
  return type;
}

/** `--first`: packets, or bytes where a letter says so. */
function beginning(text: string): NonNullable<Options['first']> {
  const [, number = '', unit = ''] = /^(\d+)([kmg]?)$/i.exec(text) ?? [];
  if (!(Number(number) > 0)) throw new CommandError(`invalid beginning of flows ${text}`);
  return unit === '' ? { packets: Number(number) } : { bytes: Number(number) * UNITS[unit.toLowerCase()]! };
}

/** `--explain`: a packet number, `steps`, or both. */
function explained(text: string): NonNullable<Options['explain']> {
  const [, steps, packet] = /^(steps)?,?([1-9]\d*)?$/.exec(text) ?? [text, '', undefined, true];
  if (steps === '')
    throw new CommandError(`invalid explanation '${text}': it is a packet number, steps, or steps,N`);
  return { steps: steps !== undefined, packet: packet === undefined ? undefined : Number(packet) };
}

function oneOf<const Choice extends string>(what: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined)
    throw new CommandError(`invalid ${what} '${text}': it is one of ${choices.join(', ')}`);
  return choice;
}

const flag = (
  short: string | undefined,
  long: string | readonly string[],
  group: Group,
  help: string,
  set: (options: Options) => void,
): OptionRow => ({ ...names(short, long), value: 'none', group, help, set });

const valued = (
  short: string | undefined,
  long: string | readonly string[],
  group: Group,
  argument: string,
  help: string,
  set: (options: Options, value: string) => void,
): OptionRow => ({ ...names(short, long), value: 'required', group, argument, help, set });

/** An option of tcpdump's that is known and not there: whoever gives it should hear why, not how options are spelt. */
const refused = (
  short: string | undefined,
  long: readonly string[],
  group: Group,
  argument: string | undefined,
  reason: string,
): OptionRow => ({
  ...names(short, long),
  value: argument === undefined ? 'none' : 'required',
  group,
  argument,
  help: `of tcpdump's, not supported: ${reason}`,
  set: () => {
    throw new CommandError(`-${short ?? `-${long[0]}`} is not supported: ${reason}`);
  },
});

const names = (
  short: string | undefined,
  long: string | readonly string[],
): Pick<OptionRow, 'short' | 'long'> => ({
  short,
  long: typeof long === 'string' ? [long] : long,
});

// biome-ignore format: a table reads best with one row a line
export const OPTIONS: readonly OptionRow[] = [
  valued('r', 'read', 'Input', 'FILE', 'read packets from FILE (pcap or pcapng, plain or compressed); - is standard input', (o, v) => { o.read = v; }),
  valued('V', 'read-list', 'Input', 'FILE', 'read the savefiles that FILE lists, one a line; - is standard input', (o, v) => { o.readList = v; }),
  valued(undefined, 'jobs', 'Input', 'N', 'filter on N threads: files of -V, or parts of one file', (o, v) => { o.jobs = numberIn('number of jobs', v, 1, 256); }),
  valued('i', 'interface', 'Input', 'NAME', 'capture live from an interface: a name, its number in -D, or any', (o, v) => { o.interface = v; }),
  valued('c', 'max-count', 'Input', 'N', 'stop after N matching packets', (o, v) => { o.count = numberIn('packet count', v, 1, 2 ** 31 - 1); }),
  valued('s', ['snapshot-length', 'snaplen'], 'Input', 'N', 'keep at most N bytes of each packet (0: 262144)', (o, v) => { o.snapLength = numberIn('snaplen', v, 0, SNAP_LENGTH) || SNAP_LENGTH; }),
  valued(undefined, 'reader', 'Input', 'NAME', 'reader of pcap files: weir, or the package pcap-parser', (o, v) => { o.reader = oneOf('reader', v, ['weir', 'pcap-parser']); }),

  valued('w', 'write', 'Output', 'FILE', 'write matching packets to FILE instead of printing them; - is standard output', (o, v) => { o.write = v; }),
  valued(undefined, 'write-format', 'Output', 'KIND', 'pcap or pcapng; without it, what is read', (o, v) => { o.writeFormat = oneOf('file format', v, ['pcap', 'pcapng']); }),
  valued('C', 'rotate-size', 'Output', 'SIZE', 'begin another file when one is larger than SIZE million bytes; k, m, g after it: KiB, MiB, GiB', (o, v) => { o.rotateBytes = fileSize(v); }),
  valued('G', 'rotate-seconds', 'Output', 'N', 'begin another file every N seconds; the name given to -w holds the time as strftime(3) writes it', (o, v) => { o.rotateSeconds = numberIn('number of seconds', v, 0, 2 ** 31 - 1); }),
  valued('W', 'file-count', 'Output', 'N', 'with -C, begin again with the first of N files; with -G, stop after N', (o, v) => { o.fileCount = numberIn('number of output files', v, 1, 2 ** 31 - 1); }),
  valued('z', 'rotate-command', 'Output', 'COMMAND', 'run COMMAND with each file that -C or -G has ended', (o, v) => { o.rotateCommand = v; }),
  valued(undefined, 'split', 'Output', 'DIR', 'part what -r names, or -i captures, into savefiles in DIR, in one pass, by the filters of --by or --rules', (o, v) => { o.split = v; o.action = 'split'; }),
  valued(undefined, 'by', 'Output', 'LIST', 'with --split: @NAME, NAME=EXPRESSION and rest, with commas between or one at a time', (o, v) => { o.by = [...o.by, v]; }),
  valued(undefined, 'flow-split', 'Output', 'DIR', 'part what -r names into savefiles in DIR, in one pass: one for each flow', (o, v) => { o.flowSplit = v; o.action = 'flowSplit'; }),
  flag(undefined, 'count', 'Output', 'print only how many packets match', (o) => { o.countOnly = true; }),
  flag(undefined, 'print', 'Output', 'print packets although they are written with -w', (o) => { o.print = true; }),
  flag('U', 'packet-buffered', 'Output', 'write out each packet at once', (o) => { o.packetBuffered = true; }),
  flag('l', 'line-buffered', 'Output', 'write out each line at once', (o) => { o.lineBuffered = true; }),

  flag('n', 'no-names', 'Printing', 'print addresses and ports as numbers', (o) => { o.numeric++; }),
  flag('N', 'short-names', 'Printing', 'print host names without their domain', (o) => { o.shortNames = true; }),
  flag('e', 'link-level', 'Printing', 'print the link-layer header', (o) => { o.linkLayer = true; }),
  flag('q', 'quick', 'Printing', 'print less', (o) => { o.quiet++; }),
  flag('v', 'verbose', 'Printing', 'print more; -vv and -vvv print yet more', (o) => { o.verbose++; }),
  flag('t', 'timestamp', 'Printing', '-t no time, -tt seconds since 1970, -ttt since the packet before, -tttt with the date, -ttttt since the first', (o) => { o.timestamp++; }),
  flag('x', 'hex', 'Printing', 'print the packet in hex; -xx with its link-layer header', (o) => { o.hex++; }),
  flag('X', 'hex-ascii', 'Printing', 'print the packet in hex and ASCII; -XX with its link-layer header', (o) => { o.hexAscii++; }),
  flag('A', 'ascii', 'Printing', 'print the packet in ASCII', (o) => { o.ascii++; }),
  flag('S', 'absolute-tcp-sequence-numbers', 'Printing', 'print TCP sequence numbers as they are', (o) => { o.absoluteSequence = true; }),
  flag('#', 'number', 'Printing', 'print packet numbers', (o) => { o.number = true; }),
  flag('K', 'dont-verify-checksums', 'Printing', 'verify no checksums', (o) => { o.skipChecksums = true; }),
  valued('T', 'packet-type', 'Printing', 'TYPE', `print what UDP and TCP carry as TYPE, whatever the port: ${PACKET_TYPES.join(' or ')}`, (o, v) => { o.packetType = oneOf('packet type', v, PACKET_TYPES); }),
  flag(undefined, 'nano', 'Printing', 'print and write times in nanoseconds', (o) => { o.precision = 'nano'; }),
  flag(undefined, 'micro', 'Printing', 'print and write times in microseconds', (o) => { o.precision = 'micro'; }),
  valued(undefined, 'time-stamp-precision', 'Printing', 'UNIT', 'micro or nano', (o, v) => { o.precision = oneOf('time stamp precision', v, ['micro', 'nano']); }),

  flag(undefined, 'json', 'Printing', 'print each packet as a JSON object on one line: layers and fields by Wireshark\'s names', (o) => { o.json = true; }),
  valued(undefined, 'fields', 'Printing', 'NAMES', 'print these fields of each packet, one column each: --fields ip.src,tcp.dstport; frame.number, frame.time_epoch and other frame fields among them', (o, v) => { o.fields = [...(o.fields ?? []), ...v.split(',').map((name) => name.trim())]; }),
  flag(undefined, 'tsv', 'Printing', 'with --fields: tabs between the columns (the default)', (o) => { o.table = 'tsv'; }),
  flag(undefined, 'csv', 'Printing', 'with --fields: commas between the columns, quotation marks where needed', (o) => { o.table = 'csv'; }),
  flag(undefined, 'header', 'Printing', 'with --fields: begin with a line of their names', (o) => { o.header = true; }),
  { long: ['list-fields'], value: 'optional', group: 'Printing', argument: 'PREFIX', help: 'list the fields, of PREFIX where it is given, and what their values are', set: (o, v) => { o.fieldPrefix = v; o.action = 'listFields'; } },

  valued('F', 'filter-file', 'Filter', 'FILE', 'take the expression from FILE', (o, v) => { o.filterFile = v; }),
  valued(undefined, 'filter', 'Filter', 'EXPRESSION', 'the expression; text that is not your own cannot become an option: --filter="$TEXT"', (o, v) => { o.filter = v; }),
  valued(undefined, 'rules', 'Filter', 'FILE', 'many filters in one pass, in place of an expression: lines NAME = EXPRESSION, @NAME, include FILE; prints, counts (--count) or parts (--split) by rule', (o, v) => { o.rules = v; }),
  flag(undefined, 'first-match', 'Filter', 'with --rules: a packet is of the first rule that matches, not of all that do', (o) => { o.firstMatch = true; }),
  { long: ['flows'], value: 'optional', group: 'Filter', argument: 'after', help: 'take every packet of the flows of which a packet matches; =after: from the match on, in one pass', set: (o, v) => { o.flows = v === '' ? 'whole' : oneOf('way to take flows', v, ['after']); } },
  valued(undefined, 'first', 'Filter', 'N', 'of each flow only the first N packets, or bytes with k, m, g behind it', (o, v) => { o.first = beginning(v); }),
  valued(undefined, 'since', 'Filter', 'TIME', 'only packets from TIME on: seconds since 1970, or 2024-05-01 12:00:00', (o, v) => { o.times = { ...o.times, since: instantOf(v) }; }),
  valued(undefined, 'until', 'Filter', 'TIME', 'only packets before TIME', (o, v) => { o.times = { ...o.times, until: instantOf(v) }; }),
  valued(undefined, 'start-offset', 'Filter', 'N', 'only packets from N seconds behind the first on; m, h, d: minutes, hours, days', (o, v) => { o.times = { ...o.times, startOffset: durationOf(v) }; }),
  { long: ['index'], value: 'optional', group: 'Input', argument: 'HOW', help: 'use the index beside a capture, as weir index makes it: auto (the default), off, or require; without HOW, make one beside what -w writes', set: (o, v) => { if (v === '') o.makesIndex = true; else o.index = oneOf('way to use an index', v, ['auto', 'off', 'require']); } },
  valued(undefined, 'max-flows', 'Filter', 'N', 'flows kept in mind at once (1000000); of those idle for long some are forgotten for others', (o, v) => { o.maxFlows = numberIn('number of flows', v, 1, 2 ** 24); }),
  valued('y', 'linktype', 'Filter', 'NAME', 'compile for this link type, as -L names it', (o, v) => { o.linkType = v; }),
  flag('d', 'dump', 'Filter', 'print the compiled filter and stop: -d as text, -dd as C, -ddd as decimals', (o) => { o.dump++; }),
  { long: ['ebpf'], value: 'optional', group: 'Filter', argument: 'FORM', help: 'print the compiled filter with its eBPF and stop; FORM is kernel (the default), portable, xdp, tc or cgroup', set: (o, v) => { o.ebpf = oneOf('eBPF form', v === '' ? 'kernel' : v, LIFT_FORMS); o.dump ||= 1; } },
  valued(undefined, 'accept', 'Filter', 'RESULT', 'with --ebpf: what the program returns for packets that match, a number or a name such as XDP_PASS, TC_ACT_OK', (o, v) => { o.accept = v; }),
  valued(undefined, 'reject', 'Filter', 'RESULT', 'with --ebpf: what it returns for the others', (o, v) => { o.reject = v; }),
  flag(undefined, 'wasm', 'Filter', 'print the compiled filter as WebAssembly text and stop', (o) => { o.wasm = true; o.dump ||= 1; }),
  flag('O', 'no-optimize', 'Filter', 'do not optimize the filter', (o) => { o.optimize = false; }),
  valued(undefined, 'print-after', 'Filter', 'PASS', `print the program after this pass of the optimizer: ${OPTIMIZER_PASSES.join(', ')}, or all`, (o, v) => { o.printAfter = oneOf('pass', v, [...OPTIMIZER_PASSES, 'all']); }),
  valued(undefined, 'vxlan-port', 'Filter', 'PORT', 'UDP port that vxlan looks for (4789)', (o, v) => { o.vxlanPort = numberIn('port', v, 0, 65535); }),
  valued(undefined, 'geneve-port', 'Filter', 'PORT', 'UDP port that geneve looks for (6081)', (o, v) => { o.genevePort = numberIn('port', v, 0, 65535); }),
  flag(undefined, 'libpcap', 'Filter', 'print the expression in libpcap\'s own language, without braces and ready-made filters, proved equal', (o) => { o.action = 'libpcap'; }),
  flag(undefined, 'equivalent', 'Filter', 'tell whether two expressions, one operand each, match the same packets', (o) => { o.action = 'equivalent'; }),
  { long: ['explain'], value: 'optional', group: 'Filter', argument: 'N', help: 'tell of each packet, or of packet N, why it matches or does not: words, bytes, and what would have to be otherwise; =steps: every instruction that ran', set: (o, v) => { o.explain = explained(v); } },
  flag(undefined, 'profile', 'Filter', 'tell how often the words and the instructions of the filter ran over the savefile, and how often they decided', (o) => { o.profile = true; }),
  valued(undefined, 'svg', 'Filter', 'FILE', "draw the program's flow: with --profile coloured by it, with --ebpf in that form, with --print-after a picture a pass; - is standard output", (o, v) => { o.svg = v; }),
  valued(undefined, 'dot', 'Filter', 'FILE', 'the same for Graphviz', (o, v) => { o.dot = v; }),
  valued(undefined, 'engine', 'Filter', 'NAME', 'run the filter on this engine, as --engines names it', (o, v) => { o.engine = v; }),
  flag(undefined, 'engines', 'Filter', 'list the engines, which of them work here, and which is the default', (o) => { o.action = 'listEngines'; }),
  flag(undefined, 'filters', 'Filter', 'list the ready-made filters; @NAME in an expression stands for one', (o) => { o.action = 'listFilters'; }),
  flag(undefined, 'no-lint', 'Filter', 'do not warn of expressions that may not mean what they seem to', (o) => { o.lint = false; }),
  flag('L', 'list-data-link-types', 'Filter', 'list the link types', (o) => { o.action = 'listLinkTypes'; }),

  flag('D', 'list-interfaces', 'Live capture', 'list the interfaces', (o) => { o.action = 'listInterfaces'; }),
  flag('p', 'no-promiscuous-mode', 'Live capture', 'do not put the interface into promiscuous mode', (o) => { o.promiscuous = false; }),
  valued('Q', 'direction', 'Live capture', 'DIRECTION', 'capture packets that go in, out, or inout', (o, v) => { o.direction = oneOf('capture direction', v, ['in', 'out', 'inout']); }),
  flag(undefined, 'immediate-mode', 'Live capture', 'hand on each packet as soon as it comes', (o) => { o.immediate = true; }),
  valued('Z', 'relinquish-privileges', 'Live capture', 'USER', 'when run by root, go on as USER once the input is open', (o, v) => { o.user = v; }),
  valued('B', 'buffer-size', 'Live capture', 'KIB', 'size of the capture buffer', (o, v) => { o.bufferSize = numberIn('packet buffer size', v, 1, 2 ** 21); }),

  flag('b', 'bgp-asdot', 'Printing', 'print BGP AS numbers above 65535 with a dot', (o) => { o.asDot = true; }),
  flag('u', 'undecoded-nfs', 'Printing', 'print NFS handles undecoded', (o) => { o.rawHandles = true; }),
  flag('H', 'wlan-mesh', 'Printing', 'look for 802.11s mesh headers', (o) => { o.meshHeaders = true; }),
  refused('f', ['foreign-numeric'], 'Printing', undefined, 'which addresses are foreign is not known here; -n prints all as numbers'),
  refused('E', ['esp-secret'], 'Printing', 'SECRET', 'ESP is not decrypted; tshark does it'),
  valued('M', 'tcp-md5-secret', 'Printing', 'SECRET', 'check TCP-MD5 signatures (RFC 2385) with SECRET', (o, v) => { o.tcpSecret = v; }),
  refused('m', ['mib'], 'Printing', 'MODULE', 'MIB modules are not read'),
  flag('I', 'monitor-mode', 'Live capture', 'capture what a device in monitor mode hears', (o) => { o.monitor = true; }),
  flag('J', 'list-time-stamp-types', 'Live capture', 'list what can stamp packets of the interface', (o) => { o.action = 'listTimeStampTypes'; }),
  valued('j', 'time-stamp-type', 'Live capture', 'TYPE', 'have packets stamped by TYPE, as -J lists them', (o, v) => { o.timeStampType = timeStampType(v); }),
  flag('h', 'help', 'About', 'print this help', (o) => { o.action = 'help'; }),
  flag(undefined, 'version', 'About', 'print the version', (o) => { o.action = 'version'; }),
];

/** Ways to print the time, one for each `t`. */
const MOST_TIMESTAMPS = 5;

/** Reads a command line. @throws UsageError, and CommandError for values that are none. */
export function parseOptions(words: readonly string[]): Options {
  const line = parseLine(words, OPTIONS);
  const options = new Options();
  for (const { row, value } of line.options) row.set(options, value ?? '');
  if (options.read !== undefined && options.readList !== undefined)
    throw new CommandError('-V and -r are mutually exclusive.');
  if (options.json && options.fields !== undefined)
    throw new CommandError('--json and --fields are two ways to print packets: take one');
  if (options.fields === undefined && (options.table !== undefined || options.header))
    throw new CommandError('--tsv, --csv and --header say how --fields prints: name the fields');
  if (options.timestamp > MOST_TIMESTAMPS)
    throw new CommandError('only -t, -tt, -ttt, -tttt, and -ttttt are supported');
  options.operands = line.operands;
  const places = [options.filter, options.filterFile, line.operands[0]].filter(
    (place) => place !== undefined,
  );
  if (places.length > 1 && options.filter !== undefined)
    throw new CommandError('the expression is given by --filter: leave -F and other words out');
  if (options.rules !== undefined && places.length > 0)
    throw new CommandError('--rules takes the place of an expression: leave other words out');
  options.expression = options.filter ?? line.operands.join(' ');
  return options;
}
