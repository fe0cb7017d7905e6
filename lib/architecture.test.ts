/**
 * Holds the project to its layout: imports go one way, siblings import a folder's public face and nothing past
 * it, no files import each other in a circle, and the faces that run anywhere reach no Node API.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import test from 'ava';
import { projectRoot } from './testing/vectors.js';

/** Top to bottom. A file may import from its own row's folder or from any row below, never above. */
const FACES = [
  'lib/index.ts',
  'lib/node.ts',
  'lib/cbpf.ts',
  'lib/ebpf.ts',
  'lib/compile.ts',
  'lib/decode.ts',
  'lib/ask.ts',
  'lib/see.ts',
  'lib/command.ts',
  'lib/playground.ts',
];
const LAYERS: readonly (readonly string[])[] = [
  ['bin', 'bench', 'web', 'captures', 'filters'],
  FACES,
  ['lib/capture', 'lib/host', 'lib/seek', 'lib/shard'],
  ['lib/rules', 'lib/flows', 'lib/see'],
  ['lib/kernel'],
  ['lib/filter'],
  ['lib/engine'],
  ['lib/jit'],
  ['lib/verify'],
  ['lib/lift'],
  ['lib/ask'],
  ['lib/codegen', 'lib/optimize', 'lib/live', 'lib/dissect', 'lib/display'],
  ['lib/savefile'],
  ['lib/elf', 'lib/cfg'],
  ['lib/cbpf', 'lib/ebpf', 'lib/wasm', 'lib/syntax'],
  ['lib/names'],
  ['lib/arguments.ts'],
  ['lib/source.ts', 'lib/bytes.ts', 'lib/graph.ts'],
];

/** Parts of one layer that may use each other, because one is built on the other. */
const WITHIN_LAYER = new Set(['lib/ebpf -> lib/cbpf']);

interface Import {
  readonly from: string;
  readonly to: string;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(projectRoot, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(projectRoot, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(projectRoot, file), 'utf8');
  const specifiers = text.matchAll(/(?:from|import)\s*\(?\s*'([^'\n]+)'/g);
  return [...specifiers].map(([, specifier]) => {
    const local = specifier!.startsWith('.');
    const target = local
      ? relative(projectRoot, resolve(projectRoot, dirname(file), specifier!))
      : specifier!;
    return { from: file, to: target.split(sep).join('/').replace(/\.js$/, '.ts') };
  });
}

/** `lib/cbpf/opcodes.ts` -> `lib/cbpf`, `lib/source.ts` -> itself, `bin/weir.ts` -> `bin`. */
function partOf(file: string): string {
  const [top, second] = file.split('/');
  return top === 'lib' ? `lib/${second}` : top!;
}

const layerOf = (part: string): number => LAYERS.findIndex((layer) => layer.includes(part));
const isTest = (file: string): boolean => file.endsWith('.test.ts') || file.startsWith('lib/testing/');
const files = ['lib', 'bin', 'bench', 'filters', 'captures', 'web/src']
  .filter((folder) => existsSync(join(projectRoot, folder)))
  .flatMap(sourceFiles);
const shipped = files.filter((file) => !isTest(file));

test('every file belongs to a layer', (t) => {
  const homeless = shipped.filter((file) => layerOf(partOf(file)) < 0);
  t.deepEqual(homeless, [], 'add the folder to LAYERS, where DESIGN puts it');
});

test('imports only go down', (t) => {
  const upward = shipped.flatMap(importsOf).filter(({ from, to }) => {
    const [source, target] = [partOf(from), partOf(to)];
    if (!to.endsWith('.ts') || source === target) return false;
    return layerOf(target) <= layerOf(source) && !WITHIN_LAYER.has(`${source} -> ${target}`);
  });
  t.deepEqual(upward, [], 'move what both need further down, or pass it in as an argument');
});

test('bin, bench and web use only the faces', (t) => {
  const inside = shipped
    .filter((file) => layerOf(partOf(file)) === 0)
    .flatMap(importsOf)
    .filter(({ to }) => to.startsWith('lib/') && !FACES.includes(to));
  t.deepEqual(inside, [], 'export what is needed from a face; lib/command.ts if nobody else needs it');
});

test("siblings import a folder's face and nothing past it", (t) => {
  const past = shipped
    .flatMap(importsOf)
    .filter(({ from, to }) => /^lib\/\w+\//.test(to) && partOf(from) !== partOf(to))
    // lib/savefile has two faces: one needs Node.
    .filter(({ to }) => !to.endsWith('/index.ts') && to !== 'lib/savefile/node.ts')
    .map(({ from, to }) => `${partOf(from)} -> ${to}`);
  t.deepEqual([...new Set(past)], [], 'import the index, and export from it what is needed');
});

test('no files import each other in a circle', (t) => {
  // The printers of protocols that carry each other.
  const ALLOWED = /^lib\/dissect\//;
  const graph = new Map(
    shipped.filter((file) => !ALLOWED.test(file)).map((file) => [file, importsOf(file).map(({ to }) => to)]),
  );
  const state = new Map<string, 'open' | 'done'>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'done' || !graph.has(file)) return;
    if (state.get(file) === 'open') {
      circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      return;
    }
    state.set(file, 'open');
    for (const next of graph.get(file)!) visit(next, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of graph.keys()) visit(file, []);
  t.deepEqual(circles, [], 'move what both need into a file of its own');
});

for (const face of [
  'lib/index.ts',
  'lib/cbpf.ts',
  'lib/ebpf.ts',
  'lib/compile.ts',
  'lib/decode.ts',
  'lib/ask.ts',
  'lib/see.ts',
  'lib/playground.ts',
])
  test(`${face} reaches no Node API and no package`, (t) => {
    const reached = new Set<string>();
    const queue = [face];
    const foreign: Import[] = [];
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      if (reached.has(file) || !files.includes(file)) continue;
      reached.add(file);
      for (const edge of importsOf(file)) {
        if (edge.to.endsWith('.ts')) queue.push(edge.to);
        else foreign.push(edge);
      }
    }
    t.deepEqual(foreign, [], 'what needs Node or a package belongs behind lib/node.ts');
  });

test('shipped code imports no test support', (t) => {
  t.deepEqual(
    shipped.flatMap(importsOf).filter(({ to }) => to.startsWith('lib/testing/')),
    [],
  );
});

test('whoever compiles against the declarations needs no types of other packages', (t) => {
  const folder = join(projectRoot, 'dist', 'lib');
  const needed = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.d.ts') && !name.includes('.test.') && !name.startsWith('testing'))
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      return [...text.matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)].map(([, to]) => `${name}: ${to}`);
    })
    .filter((line) => !/: (\.|node:)/.test(line));
  t.deepEqual(needed, []);
});
