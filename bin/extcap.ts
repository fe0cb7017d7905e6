/**
 * `weir extcap`: interfaces of this command in Wireshark and tshark, by the protocol of extcap(4): the program says which
 * interfaces there are, what can be chosen, whether a filter is one, and captures into a FIFO.
 */

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { compile, FilterError, LINK_TYPES, readyMadeFilters } from '../lib/index.js';
import { listDevices } from '../lib/node.js';
import { parseLine, UsageError } from './getopt.js';
import { CommandError, fail } from './report.js';
import { writeMessage, writeOutput } from './standard.js';
import { packageVersion } from './version.js';

export const USAGE = `Usage: weir extcap --install | --uninstall [--folder FOLDER]

Puts weir where Wireshark looks for capture programs, or takes it away again: its interfaces are then called weir-NAME, and take
expressions of weir, ready-made filters and all. Wireshark calls it with options of its own (--extcap-interfaces and so on).
`;

const ROWS = [
  { long: ['install'], value: 'none' },
  { long: ['uninstall'], value: 'none' },
  { long: ['folder'], value: 'required' },
  { long: ['extcap-interfaces'], value: 'none' },
  { long: ['extcap-version'], value: 'optional' },
  { long: ['extcap-interface'], value: 'required' },
  { long: ['extcap-dlts'], value: 'none' },
  { long: ['extcap-config'], value: 'none' },
  { long: ['extcap-capture-filter'], value: 'required' },
  { long: ['capture'], value: 'none' },
  { long: ['fifo'], value: 'required' },
  { long: ['ready-made'], value: 'required' },
  { long: ['engine'], value: 'required' },
  { long: ['no-promiscuous'], value: 'optional' },
  { short: 'h', long: ['help'], value: 'none' },
] as const;

/** What the names of interfaces begin with. */
const PREFIX = 'weir-';
const ENGINES: readonly (readonly [name: string, display: string])[] = [
  ['kernel-cbpf', 'in the kernel, classic BPF'],
  ['kernel-ebpf', 'in the kernel, eBPF'],
  ['cbpf-js', 'here, JavaScript'],
];

/** @throws UsageError, CommandError */
export async function runExtcap(words: readonly string[]): Promise<void> {
  const { options: parsed } = parseLine(words, ROWS);
  const has = (name: string): boolean => parsed.some(({ row }) => row.long[0] === name);
  const given = (name: string): string | undefined =>
    parsed.findLast(({ row }) => row.long[0] === name)?.value;
  if (has('install')) return install(given('folder') ?? folderOf());
  if (has('uninstall')) return uninstall(given('folder') ?? folderOf());
  if (has('extcap-interfaces')) return writeOutput(interfaces());
  const wanted = given('extcap-interface');
  if (has('help') || wanted === undefined) return writeOutput(USAGE);
  const device = wanted.startsWith(PREFIX) ? wanted.slice(PREFIX.length) : wanted;
  if (has('extcap-dlts')) return writeOutput(await linkTypes(device));
  if (has('extcap-config')) return writeOutput(configuration());
  const filter = [given('extcap-capture-filter'), given('ready-made')].filter(
    (text) => text !== undefined && text !== '',
  );
  if (has('capture')) {
    const fifo = given('fifo');
    if (fifo === undefined) throw new UsageError('--capture needs --fifo');
    return capture(
      device,
      fifo,
      filter.length > 1 ? filter.map((text) => `(${text})`).join(' and ') : (filter[0] ?? ''),
      {
        engine: given('engine'),
        promiscuous: !has('no-promiscuous') || given('no-promiscuous') === 'false',
      },
    );
  }
  if (has('extcap-capture-filter')) checkFilter(given('extcap-capture-filter')!);
}

/** A value within braces: what would end it or begin another is left out. */
const plain = (text: string): string => text.replaceAll(/[{}\n]/g, ' ');

function interfaces(): string {
  const lines = listDevices()
    .filter(({ up }) => up)
    .map(
      ({ name, description }) =>
        `interface {value=${PREFIX}${name}}{display=Weir: ${plain(description || name)}}`,
    );
  return `extcap {version=${packageVersion()}}{display=Weir}\n${lines.join('\n')}\n`;
}

async function linkTypes(device: string): Promise<string> {
  const { openDevice } = await import('../lib/node.js');
  await using opened = await openDevice(device);
  return opened.linkTypes
    .flatMap((linkType) => LINK_TYPES.filter((row) => row.linkType === linkType))
    .map(({ dlt, name, description }) => `dlt {number=${dlt}}{name=${name}}{display=${plain(description)}}\n`)
    .join('');
}

function configuration(): string {
  const lines = [
    'arg {number=0}{call=--ready-made}{display=Ready-made filter}{type=selector}{tooltip=Besides the capture filter}',
    'value {arg=0}{value=}{display=none}{default=true}',
    ...readyMadeFilters()
      .filter(({ parameters }) => parameters.length === 0)
      .map(({ name, title }) => `value {arg=0}{value=@${name}}{display=${plain(title)}}`),
    'arg {number=1}{call=--engine}{display=The filter runs}{type=selector}',
    ...ENGINES.map(
      ([name, display], place) => `value {arg=1}{value=${name}}{display=${display}}{default=${place === 0}}`,
    ),
    'arg {number=2}{call=--no-promiscuous}{display=Leave the interface out of promiscuous mode}{type=boolflag}',
  ];
  return `${lines.join('\n')}\n`;
}

/** Wireshark shows what is written, and takes a filter of which nothing is said. */
function checkFilter(filter: string): void {
  try {
    if (filter.trim() !== '') compile(filter);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    writeOutput(`${error.message}${error.hint === '' ? '' : ` (${error.hint})`}\n`);
    process.exitCode = 1;
  }
}

async function capture(
  device: string,
  fifo: string,
  filter: string,
  { engine, promiscuous }: { readonly engine: string | undefined; readonly promiscuous: boolean },
): Promise<void> {
  const [{ captureLive }, { parseOptions }] = await Promise.all([
    import('./live.js'),
    import('./options.js'),
  ]);
  const words = ['-i', device, '-w', fifo, '-U', '--immediate-mode', '--write-format', 'pcapng'];
  if (!promiscuous) words.push('-p');
  if (engine !== undefined) words.push('--engine', engine);
  if (filter !== '') words.push(`--filter=${filter}`);
  try {
    // Wireshark calls whatever it is told at the end of a capture an error.
    await captureLive(parseOptions(words), { quiet: true });
  } catch (error) {
    // Said first: when the FIFO has been opened and closed, Wireshark sends SIGTERM to whoever lives.
    fail(error);
    await openOnce(fifo);
  }
}

/** Milliseconds that a reader may take to begin. */
const READER_MS = 2000;

/** Whoever waits at the other end for a capture that does not come would wait for ever. */
async function openOnce(fifo: string): Promise<void> {
  for (const until = performance.now() + READER_MS; performance.now() < until; await delay(50))
    try {
      closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') return;
    }
}

const MARK = '# Made by weir extcap --install';

/** Where the installed Wireshark looks, that of the user before that of all. */
function folderOf(): string {
  const { stdout } = spawnSync('tshark', ['-G', 'folders'], { encoding: 'utf8' });
  const known = ['Personal Extcap path', 'Extcap path']
    .map((title) => new RegExp(`^${title}:\\s+(.+)$`, 'm').exec(stdout ?? '')?.[1])
    .find((folder) => folder !== undefined);
  return known ?? join(homedir(), '.local', 'lib', 'wireshark', 'extcap');
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function install(folder: string): void {
  const path = join(folder, 'weir');
  if (existsSync(path) && !isOurs(path)) throw new CommandError(`${path} is there already, and not of weir`);
  try {
    mkdirSync(folder, { recursive: true });
    const words = [process.execPath, process.argv[1]!].map(quoted).join(' ');
    writeFileSync(path, `#!/bin/sh\n${MARK}\nexec ${words} extcap "$@"\n`);
    chmodSync(path, 0o755);
  } catch (error) {
    throw new CommandError(`${path}: ${(error as Error).message}`);
  }
  writeMessage(`weir: ${path}: interfaces are there when Wireshark starts next\n`);
}

const isOurs = (path: string): boolean => readFileSync(path, 'utf8').includes(MARK);

function uninstall(folder: string): void {
  const path = join(folder, 'weir');
  if (!existsSync(path)) throw new CommandError(`${path} is not there`);
  if (!isOurs(path)) throw new CommandError(`${path} is not of weir`);
  try {
    rmSync(path);
  } catch (error) {
    throw new CommandError(`${path}: ${(error as Error).message}`);
  }
}
