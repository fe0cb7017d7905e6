#!/usr/bin/env node
/**
 * Asks tcpdump which packets of `captures/` each ready-made filter matches, and writes the answers to
 * filters/matches.json: `node scripts/filter-matches.mjs`, after a change to either folder.
 */

import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
/** Variants hold the packets of other files; tcpdump reads neither compressed nor mixed ones. */
const captures = readdirSync(join(root, 'captures')).filter(
  (file) => file.endsWith('.pcap') && !/^http-/.test(file),
);
const filters = readdirSync(join(root, 'filters')).filter((file) => file.endsWith('.filter'));

function matches(capture, filter) {
  const args = [
    '-#',
    '-n',
    '-t',
    '-q',
    '-r',
    join(root, 'captures', capture),
    '-F',
    join(root, 'filters', filter),
  ];
  try {
    const text = execFileSync('tcpdump', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    const count = text.split('\n').filter((line) => /^\s*\d+ /.test(line)).length;
    if (count === 0) return [];
  } catch (error) {
    return `${error.stderr}`.includes('link') || `${error.stderr}`.includes('support')
      ? undefined
      : fail(capture, filter, error);
  }
  // tcpdump numbers packets after the filter: find which they are by asking for one packet at a time.
  return numbersOf(capture, filter);
}

function fail(capture, filter, error) {
  throw new Error(`${filter} on ${capture}: ${error.stderr}`);
}

/** Raw records of the packets that match, looked up among all records of the file. */
function numbersOf(capture, filter) {
  const path = join(root, 'captures', capture);
  const all = records(
    execFileSync('tcpdump', ['-r', path, '-w', '-'], { stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  const kept = records(
    execFileSync('tcpdump', ['-r', path, '-w', '-', '-F', join(root, 'filters', filter)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  let at = 0;
  return kept.map((record) => {
    while (all[at] !== record) at++;
    return ++at;
  });
}

function records(bytes) {
  const result = [];
  for (let at = 24; at < bytes.length; ) {
    const end = at + 16 + bytes.readUInt32LE(at + 8);
    result.push(bytes.toString('hex', at, end));
    at = end;
  }
  return result;
}

const table = {};
for (const filter of filters) {
  const row = {};
  for (const capture of captures) {
    const numbers = matches(capture, filter);
    if (numbers === undefined) row[capture] = null;
    else if (numbers.length > 0) row[capture] = numbers;
  }
  table[filter.replace(/\.filter$/, '')] = row;
}
const rows = Object.entries(table).map(
  ([name, row]) =>
    `  ${JSON.stringify(name)}: {${Object.entries(row)
      .map(([capture, numbers]) => `\n    ${JSON.stringify(capture)}: ${JSON.stringify(numbers)}`)
      .join(',')}\n  }`,
);
writeFileSync(join(root, 'filters', 'matches.json'), `{\n${rows.join(',\n')}\n}\n`);
