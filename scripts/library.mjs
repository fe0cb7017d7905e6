#!/usr/bin/env node
/**
 * Bundles the published faces into dist/library: a few modules in place of three hundred, of which loading is most of
 * what `import('weir-bpf')` takes. What several faces share is in modules of its own, and what only some need (live
 * back ends, decompression, registries) is not loaded by others.
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, transform } from 'esbuild';
import { closureOf, gather } from './gather.mjs';
import { pastTheFaces } from './pastTheFaces.mjs';

const root = join(import.meta.dirname, '..');
const outdir = join(root, 'dist', 'library');
/** The last is not published: the playground that the command serves has it. */
const FACES = ['index', 'node', 'cbpf', 'ebpf', 'compile', 'decode', 'ask', 'see', 'playground'];
/** In files of their own, which who bundles a face without using them can leave out. */
const ROOMS = ['dissect', 'savefile'];

/** Local names cut short: a quarter of the text. */
const SHORT = { format: 'esm', target: 'es2022', charset: 'ascii', minify: true };

/** Names that nobody outside uses, in most of the printers. */
const INNER =
  /^(out|when|u16|u16le|u24|u32|u32le|verbosity|showsLink|cutAs|markTruncated|markInvalid|linkHeaderLength|dumpUnknown|spaced|distinguished|addressBytes|referenceFraction|referenceSeconds|fixedSize|verifyChecksums)$/;

rmSync(outdir, { recursive: true, force: true });
const { outputFiles } = await build({
  entryPoints: Object.fromEntries([
    ...FACES.map((face) => [face, join(root, 'lib', `${face}.ts`)]),
    ...ROOMS.map((room) => [`parts/${room}`, join(root, 'lib', room, 'index.ts')]),
  ]),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'neutral',
  packages: 'external',
  external: ['node:*'],
  target: 'es2022',
  charset: 'ascii',
  minifyWhitespace: true,
  minifySyntax: true,
  mangleProps: INNER,
  plugins: [pastTheFaces],
  outdir,
  chunkNames: 'parts/[name]-[hash]',
  logLevel: 'warning',
  write: false,
});

/**
 * Imports for their effects only keep an order that no module here depends on; those who bundle Weir would be warned of
 * each.
 */
const withoutBareImports = (text) => text.replace(/(?<=^|[;\n])import ?"\.[^"]+";/g, '');
const chunks = new Map(outputFiles.map(({ path, text }) => [path, withoutBareImports(text)]));
const isRoom = (path) => ROOMS.some((room) => path === entry(`parts/${room}`));
const entry = (name) => join(outdir, `${name}.js`);
/** Each chunk goes to the first of these that needs it: what the narrowest faces load stays small. */
const NARROW_TO_WIDE = ['compile', 'parts/dissect', 'index', 'node', 'ebpf', 'ask', 'see', 'playground'];
const groups = new Map();
const placed = new Set(FACES.map(entry));
for (const name of NARROW_TO_WIDE) {
  const members = [...closureOf(chunks, entry(name))].filter((path) => !placed.has(path) && !isRoom(path));
  for (const path of members) placed.add(path);
  if (members.length > 0) groups.set(join(outdir, 'parts', `for-${basename(name)}.js`), members);
}
const modules = await gather(chunks, groups);
/**
 * A module as an object (`opcodes` of weir-bpf/cbpf) is made by a call, which a bundler keeps with all that the object
 * holds unless it is told that the call does nothing else.
 */
const withPureSpaces = (text) =>
  text.replace(
    /([\w$]+)=\{\};([\w$]+)\(\1,(\{(?:[\w$]+:\(\)=>[\w$]+,?)+\})\);/g,
    '$1=/* @__PURE__ */((space,names)=>($2(space,names),space))({},$3);',
  );
mkdirSync(join(outdir, 'parts'), { recursive: true });
for (const [path, text] of modules) {
  const { code } = await transform(text, SHORT);
  writeFileSync(path, withPureSpaces(withoutBareImports(code)));
}
