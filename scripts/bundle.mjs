#!/usr/bin/env node
/**
 * Bundles the command into dist/command, because loading modules is most of what a short run of `weir` takes:
 * into a few chunks instead of a hundred and fifty modules, where parts that few runs need are chunks of their own.
 * bin/chunks.ts loads them, with the code that V8 made of them earlier.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import vm from 'node:vm';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { CHUNK_PARAMETERS, COMPRESSED, USUAL_SCRIPT } from '../dist/bin/chunks.js';
import { protocolsText, servicesText } from '../dist/lib/names/ianaTable.js';
import { pastTheFaces } from './pastTheFaces.mjs';

const root = join(import.meta.dirname, '..');
const outdir = join(root, 'dist', 'command');
rmSync(outdir, { recursive: true, force: true });

/**
 * Parts that few runs need, in one chunk: chunks of their own would break what they share with the others into more
 * pieces.
 */
const RARE = ['asm', 'engines', 'equivalent', 'help', 'lifted', 'moduleText', 'verify'];
const rareTogether = {
  name: 'rare-together',
  setup(build) {
    const names = new RegExp(`^\\./(${RARE.join('|')})\\.js$`);
    build.onResolve({ filter: names }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: 'rare', namespace: 'rare' } : undefined,
    );
    build.onLoad({ filter: /^rare$/, namespace: 'rare' }, () => ({
      resolveDir: join(root, 'bin'),
      contents: RARE.map((name) => `export * from './${name}.ts';`).join('\n'),
    }));
  },
};

const TABLES = 'ianaTable.json.br';
/** Who collected them wants to be named beside them. */
const [, NOTICE] = /\/\*!([\s\S]*?)\*\//.exec(
  readFileSync(join(root, 'lib', 'names', 'ianaTable.ts'), 'utf8'),
);

/** IANA's tables stay a file of their own, read when a name is asked for that the system does not know. */
const tablesOutside = {
  name: 'tables-outside',
  setup(build) {
    build.onLoad({ filter: /[\\/]ianaTable\.ts$/ }, () => ({
      contents: `let tables;
        function load() {
          const { readFileSync } = process.getBuiltinModule('node:fs');
          const { brotliDecompressSync } = process.getBuiltinModule('node:zlib');
          return (tables ??= JSON.parse(brotliDecompressSync(readFileSync(new URL('./${TABLES}', import.meta.url)))));
        }
        export const servicesText = () => load().services;
        export const protocolsText = () => load().protocols;`,
    }));
  },
};

/** Less text to scan: V8 reads all of a file before it runs any. */
const style = { target: 'node20.19', charset: 'ascii', minify: true };
const common = { ...style, bundle: true, platform: 'node', packages: 'external', logLevel: 'warning' };

const tables = JSON.stringify({ notice: NOTICE, services: servicesText(), protocols: protocolsText() });
mkdirSync(outdir, { recursive: true });
writeFileSync(join(outdir, TABLES), brotliCompressSync(tables));

const bin = (name) => join(root, 'bin', `${name}.ts`);
const { outputFiles, metafile } = await build({
  ...common,
  entryPoints: [bin('command'), bin('filterThread')],
  splitting: true,
  format: 'esm',
  plugins: [tablesOutside, pastTheFaces, rareTogether],
  outdir,
  outExtension: { '.js': '.cjs' },
  define: { 'import.meta.url': 'meta.url' },
  metafile: true,
  write: false,
});

/** A path as the metafile has it. */
const named = (path) => relative(process.cwd(), path).split(sep).join('/');
/** The chunk whose entry is a file of bin/, and the chunks it cannot run without. */
const chunkOf = (name) =>
  Object.keys(metafile.outputs).find((output) => metafile.outputs[output].entryPoint === named(bin(name)));
function needs(output, found = new Set()) {
  if (found.has(output)) return found;
  found.add(output);
  for (const { path, kind, external } of metafile.outputs[output].imports)
    if (kind === 'import-statement' && external !== true) needs(path, found);
  return found;
}
// What listing a filter and filtering a savefile take: one script, because each takes a file and its code to read.
const usual = new Set(['command', 'dump', 'read'].flatMap((name) => [...needs(chunkOf(name))]));

/**
 * What a chunk does, as the body of a function. esbuild's own conversion asks a getter of another getter each time
 * that a name is used; here the names of other chunks are variables. None of them changes: chunks import each other
 * one way, and no source exports a variable that does. Where an import is overlooked, the script is none, and the
 * build fails.
 */
function bodyOf(text) {
  return text
    .trim()
    .replace(
      /(?<=^|[;}\s])import ?(?:\*as ([\w$]+)|\{([^{}]*)\}|([\w$]+)) ?from("[^"]+");/g,
      (_, space, list, byDefault, from) =>
        `var ${space ?? byDefault ?? `{${list.replaceAll(' as ', ':')}}`}=require(${from});`,
    )
    .replace(/(?<=^|[;}\s])import("[^"]+");/g, 'require($1);')
    .replace(/export\{([^{}]*)\};$/, (_, list) => {
      const members = list.split(',').map((name) => name.split(' as ').reverse().join(':'));
      return `return {${members}};`;
    })
    .replace(/\bimport\((?="\.\/)/g, 'importChunk(')
    .replace(/\bimport\((?=")/g, 'importPackage(');
}

/** Bytes; to decompress takes a millisecond or two besides. */
const WORTH_COMPRESSING = 3000;

const scripts = new Map([[USUAL_SCRIPT, []]]);
for (const { path, text } of outputFiles) {
  const name = basename(path);
  const chunk = `"${name}":function(${CHUNK_PARAMETERS}){"use strict";${bodyOf(text)}\n}`;
  if (usual.has(named(path))) scripts.get(USUAL_SCRIPT).push(chunk);
  else scripts.set(name, [chunk]);
}
mkdirSync(outdir, { recursive: true });
for (const [name, chunks] of scripts) {
  const script = `({${chunks.join(',\n')}})`;
  new vm.Script(script, { filename: name });
  if (script.length < WORTH_COMPRESSING || name === USUAL_SCRIPT) writeFileSync(join(outdir, name), script);
  else writeFileSync(join(outdir, name + COMPRESSED), brotliCompressSync(script));
}
await build({
  ...common,
  entryPoints: { weir: bin('weir'), filterThread: bin('thread') },
  format: 'cjs',
  define: { 'import.meta.dirname': '__dirname' },
  outdir,
});
writeFileSync(join(outdir, 'package.json'), '{ "type": "commonjs" }\n');
execFileSync(process.execPath, [join(root, 'scripts', 'codeCache.mjs')], { stdio: 'ignore' });
