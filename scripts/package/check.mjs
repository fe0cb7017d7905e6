#!/usr/bin/env node
/**
 * Judges the package as it is published: `npm run check:package`. Packs it, and asks publint and attw, three package
 * managers, two versions of TypeScript with three ways to resolve, and other runtimes, as far as npm ships them for this
 * machine. Prints a line for each, `skipped` where something cannot be had; status 1 where anything fails.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MOST_BYTES = 3_000_000;
const MOST_FILES = 600;
const root = join(import.meta.dirname, '..', '..');
const tools = join(import.meta.dirname, 'node_modules');
const folder = mkdtempSync(join(tmpdir(), 'weir-package-'));
let failed = 0;

function report(name, reason) {
  if (reason !== undefined) failed++;
  console.log(reason === undefined ? `ok       ${name}` : `failed   ${name}: ${reason}`);
}

function run(command, words, cwd = folder) {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    cwd,
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, NO_COLOR: '1', npm_config_audit: 'false', npm_config_fund: 'false' },
  });
  return {
    failure: error?.message ?? (status === 0 ? undefined : `status ${status}`),
    out: `${stdout}${stderr}`,
  };
}

/** Runs a command that has to succeed and print nothing that `never` matches. */
function must(name, command, words, { cwd = folder, never } = {}) {
  if (command.startsWith(tools) && !existsSync(command)) {
    console.log(`skipped  ${name}: ${command} is not installed`);
    return;
  }
  const { failure, out } = run(command, words, cwd);
  const bad = never?.exec(out)?.[0];
  report(
    name,
    failure === undefined && bad === undefined ? undefined : `${failure ?? bad}\n${out.slice(-3000)}`,
  );
}

const tool = (name) => join(tools, '.bin', name);

const packed = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root);
const { filename, unpackedSize, files } = JSON.parse(packed.out.slice(packed.out.indexOf('[')))[0];
const tarball = join(folder, filename);
console.log(`         ${filename}: ${unpackedSize} bytes in ${files.length} files`);
report(`at most ${MOST_BYTES} bytes`, unpackedSize <= MOST_BYTES ? undefined : `${unpackedSize}`);
report(`at most ${MOST_FILES} files`, files.length <= MOST_FILES ? undefined : `${files.length}`);
const leftovers = files.filter(({ path }) =>
  /\.tsbuildinfo$|\.map$|\.test\.|\/code-v|^dist\/(bench|bin|lib)\//.test(path),
);
report(
  'no leftovers of the build',
  leftovers.length === 0 ? undefined : leftovers.map(({ path }) => path).join(),
);

must('publint', tool('publint'), [tarball, '--strict']);
// Node from 20.19 on can require modules: what attw says of that is about older ones.
must('attw', tool('attw'), [
  tarball,
  '--ignore-rules',
  'cjs-resolves-to-esm',
  '--exclude-entrypoints',
  './captures/*',
]);

/** A folder of somebody who uses Weir. */
function user(name, extra = {}) {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(
    join(path, 'package.json'),
    JSON.stringify({ name, version: '1.0.0', type: 'module', ...extra }),
  );
  writeFileSync(join(path, 'program.mjs'), PROGRAM);
  writeFileSync(
    join(path, 'program.cjs'),
    `if (require('weir-bpf').compile('ip').expression !== 'ip') process.exit(1);`,
  );
  return path;
}

const PROGRAM = `
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { compile, readCapture } from 'weir-bpf';
import { disassemble } from 'weir-bpf/cbpf';
import { compileProgram } from 'weir-bpf/compile';
import { ENGINES, lift, verify } from 'weir-bpf/ebpf';
import { filterFile, openCapture } from 'weir-bpf/node';

const path = fileURLToPath(import.meta.resolve('weir-bpf/captures/http.pcap'));
for (const engine of ['auto', ...ENGINES]) {
  const filter = compile('tcp dst port 80', { engine });
  let matched = 0;
  for await (const packet of await openCapture(path)) if (filter.matches(packet)) matched++;
  for await (const packet of await readCapture([await readFile(path)])) if (filter.matches(packet)) matched++;
  const result = await filterFile(path, 'out.pcap', filter);
  if (matched !== 36 || result.matched !== 18) throw new Error(\`\${matched}, \${result.matched}\`);
}
const program = compileProgram('tcp port 80');
if (!disassemble(program).startsWith('(000) ldh')) throw new Error('listing');
if (!verify(lift(program), { type: 'socket_filter' }).accepted) throw new Error('refused');
console.log('18 of 30');
`;

const NOISE = /warn|WARN|ERR_|deprecated/;
const npm = user('npm');
must('npm install, without a warning', 'npm', ['install', tarball], { cwd: npm, never: NOISE });
must('runs on this Node', process.execPath, ['program.mjs'], { cwd: npm });
must('can be required', process.execPath, ['program.cjs'], { cwd: npm, never: /Error/ });
must(
  'the command runs',
  'npx',
  ['weir', '-r', 'node_modules/weir-bpf/captures/http.pcap', '--count', 'tcp dst port 80'],
  { cwd: npm },
);
for (const flag of ['--ignore-scripts', '--omit=optional']) {
  const path = user(`npm${flag}`);
  must(`npm install ${flag}`, 'npm', ['install', flag, tarball], { cwd: path, never: NOISE });
  must(`runs after npm install ${flag}`, process.execPath, ['program.mjs'], { cwd: path });
}
for (const [manager, words] of [
  ['pnpm', ['add', tarball]],
  ['yarn', ['add', `file:${tarball}`, '--no-lockfile']],
]) {
  const path = user(manager);
  must(`${manager} add`, tool(manager), words, {
    cwd: path,
    never: /ERR_|IGNORED_BUILDS|Ignored build scripts/,
  });
  must(`runs after ${manager} add`, process.execPath, ['program.mjs'], { cwd: path });
}
for (const [name, binary, words] of [
  ['Node 22', join(tools, 'node22', 'bin', 'node'), ['program.mjs']],
  ['Node 24', join(tools, 'node24', 'bin', 'node'), ['program.mjs']],
  ['Deno', tool('deno'), ['run', '--allow-all', '--node-modules-dir=manual', 'program.mjs']],
  ['Bun', tool('bun'), ['run', 'program.mjs']],
])
  must(`runs on ${name}`, binary, words, { cwd: npm });

const SOURCE = `
import { compile, type Packet, readCapture, FilterError } from 'weir-bpf';
import { type Program, assemble } from 'weir-bpf/cbpf';
import { compileProgram } from 'weir-bpf/compile';
import * as ebpf from 'weir-bpf/ebpf';
import { openCapture, filterStream } from 'weir-bpf/node';
const filter = compile('tcp', { linkType: undefined, engine: ebpf.ENGINES[0] });
export async function count(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let matched = 0;
  const capture = await readCapture(chunks);
  for await (const packet of capture) if (filter.matches(packet)) matched++;
  return matched;
}
export const programs: Program[] = [compileProgram('ip'), assemble('ret #0')];
export const lifted: ebpf.Program = ebpf.lift(programs[0]!);
export const last: Packet | undefined = undefined;
export { FilterError, openCapture, filterStream };
// @ts-expect-error: a wrong type
compile('ip', { netmask: '255.255.255.0' });
`;
const types = user('types');
writeFileSync(join(types, 'use.mts'), SOURCE);
writeFileSync(join(types, 'use.ts'), SOURCE);
must('npm install of the types', 'npm', ['install', tarball, '@types/node@20'], { cwd: types });
for (const version of ['54', '59'])
  for (const [resolution, module, file] of [
    ['nodenext', 'nodenext', 'use.mts'],
    ['bundler', 'esnext', 'use.ts'],
    ['node10', 'esnext', 'use.ts'],
  ])
    must(
      `types for TypeScript 5.${version[1]}, ${resolution}`,
      process.execPath,
      [
        join(tools, `typescript${version}`, 'bin', 'tsc'),
        ...['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022', '--types', 'node'],
        ...['--module', module, '--moduleResolution', resolution, file],
      ],
      { cwd: types },
    );

const left = readdirSync(folder).length;
if (left > 0) rmSync(folder, { recursive: true });
console.log(failed === 0 ? 'the package is well' : `${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
