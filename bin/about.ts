/** What the command tells about itself: help, version, filters, engines, link types. */

import { describeLinkType, LINK_TYPES, readyMadeFilters } from '../lib/index.js';
import { hostFacts } from '../lib/node.js';
import { OPTIONS, type Options } from './options.js';
import { writeMessage, writeOutput } from './standard.js';
import { packageVersion } from './version.js';

const versionLine = (): string =>
  `weir version ${packageVersion()} (Node ${process.versions.node}, V8 ${process.versions.v8})`;

export async function printHelp(): Promise<void> {
  const { helpText } = await import('./help.js');
  writeOutput(`${versionLine()}\n${await helpText()}\n`);
}

export function printVersion(): void {
  writeOutput(`${versionLine()}\n`);
}

/** For a wrong command line: what is wrong, then how it goes, on stderr as tcpdump has it. */
export function printUsage(message: string): void {
  const flags = OPTIONS.filter(({ short, value }) => short !== undefined && value === 'none').map(
    ({ short }) => short,
  );
  const valued = OPTIONS.filter(({ value }) => value === 'required').map(
    ({ short, long, argument }) => `[ ${short === undefined ? `--${long[0]}` : `-${short}`} ${argument} ]`,
  );
  const lines = [`Usage: weir [-${flags.join('')}]`];
  for (const part of [...valued, '[ expression ]']) {
    if (lines.at(-1)!.length + part.length > 78) lines.push('           ');
    lines.push(`${lines.pop()} ${part}`);
  }
  writeMessage(`weir: ${message}\n${versionLine()}\n${lines.join('\n')}\n`);
}

export function printFilters(): void {
  const filters = readyMadeFilters().map(({ name, title, parameters }) => ({
    title,
    words: parameters.length === 0 ? name : `${name}(${parameters.join(', ')})`,
  }));
  const width = Math.max(...filters.map(({ words }) => words.length)) + 1;
  for (const { words, title } of filters) writeOutput(`@${words.padEnd(width)} ${title}\n`);
}

export async function printEngines(): Promise<void> {
  const { defaultEngine, ENGINES, LIVE_ENGINES } = await import('./engines.js');
  const width = Math.max(...ENGINES.map(({ name }) => name.length));
  for (const { name, description, unavailable } of ENGINES) {
    const reason = unavailable();
    const mark =
      reason !== undefined ? ` (not here: ${reason})` : name === defaultEngine().name ? ' (default)' : '';
    writeOutput(`${name.padEnd(width)}  ${description}${mark}\n`);
  }
  for (const { name, description } of LIVE_ENGINES) writeOutput(`${name.padEnd(width)}  ${description}\n`);
  writeOutput('\nThis host:\n');
  for (const { name, value, advice } of hostFacts())
    writeOutput(`  ${name}: ${value}${advice === undefined ? '' : ` (${advice})`}\n`);
}

/** Those that filters can be compiled for; with `-i` that of the interface. */
export async function printLinkTypes({ interface: name, monitor }: Options): Promise<void> {
  if (name !== undefined) {
    if (monitor) (await import('./deviceFacts.js')).checkMonitorMode(name);
    const { openDevice } = await import('../lib/node.js');
    await using device = await openDevice(name);
    writeOutput(`Data link types for ${device.name} (use option -y to set):\n`);
    for (const linkType of [...device.linkTypes].sort((a, b) => a - b))
      writeOutput(`  ${describeLinkType(linkType)}\n`);
    return;
  }
  writeOutput('Data link types (use option -y to set):\n');
  for (const { name, description } of LINK_TYPES) writeOutput(`  ${name} (${description})\n`);
}
