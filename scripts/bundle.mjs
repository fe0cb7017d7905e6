#!/usr/bin/env node
/**
 * Bundles the command into dist/command, because loading modules is most of what a short run of `weir` takes:
 * into a few files instead of a hundred and fifty, where parts that few runs need stay files of their own; and
 * into one script, for which the code that V8 makes of it can be kept.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const outdir = join(root, 'dist', 'command');
rmSync(outdir, { recursive: true, force: true });

/** `a, b as c, type D` as pairs of the name outside and the name inside; types are not there at run time. */
const namesIn = (list) =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '))
    .map((name) => name.split(' as '));

/** What a face re-exports: names, each with the statement that has it, and whole modules. */
const faces = new Map();
function exportsOf(face) {
  let known = faces.get(face);
  if (known !== undefined) return known;
  const text = readFileSync(face, 'utf8');
  const below = (from) => join(dirname(face), from.replace(/\.js$/, '.ts'));
  known = { named: new Map(), spaces: new Map(), stars: [], text };
  for (const [, list, from] of text.matchAll(/^export \{([^}]*)\} from '([^']+)'/gm))
    for (const [original, alias = original] of namesIn(list)) known.named.set(alias, [below(from), original]);
  for (const [, alias, from] of text.matchAll(/^export \* as (\w+) from '([^']+)'/gm))
    known.spaces.set(alias, below(from));
  for (const [, from] of text.matchAll(/^export \* from '([^']+)'/gm)) known.stars.push(below(from));
  faces.set(face, known);
  return known;
}

/** The file that makes a name, and its name there; `*` for all of the file. */
function originOf(file, name) {
  const { named, spaces, stars, text } = exportsOf(file);
  if (spaces.has(name)) return [spaces.get(name), '*'];
  if (named.has(name)) return originOf(...named.get(name));
  if (new RegExp(`^export (async |abstract )?(const|let|function\\*?|class) ${name}\\b`, 'm').test(text))
    return [file, name];
  for (const star of stars) {
    const origin = originOf(star, name);
    if (origin !== undefined) return origin;
  }
  return undefined;
}

/** The same, past the faces. */
function direct(keyword, list, face) {
  return namesIn(list)
    .map(([name, alias = name]) => {
      const origin = originOf(face, name);
      if (origin === undefined) throw new Error(`${face} does not export ${name}`);
      const [file, original] = origin;
      const what = original === '*' ? `* as ${alias}` : `{ ${original} as ${alias} }`;
      return `${keyword} ${what} from '${file}';`;
    })
    .join(' ');
}

/**
 * The faces of the library and of its folders keep it in order; in a bundle they would keep all that they
 * re-export in one file, needed or not.
 */
const pastTheFaces = {
  name: 'past-the-faces',
  setup(build) {
    build.onLoad({ filter: /[\\/](bin|lib)[\\/].*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8').replace(
        /^(import|export) \{([^}]*)\} from '(\.[^']*\/(?:index|node))\.js';/gm,
        (_, keyword, list, face) => direct(keyword, list, join(dirname(path), `${face}.ts`)),
      ),
    }));
  },
};

/**
 * Parts that few runs need, in one file: each file of its own would break what it shares with the others
 * into more pieces, and every piece costs all runs a third of a millisecond.
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

/** The command as modules stays beside what starts it. */
const commandOutside = {
  name: 'command-outside',
  setup(build) {
    build.onResolve({ filter: /^\.\/command\.js$/ }, () => ({ path: './command.mjs', external: true }));
  },
};

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  charset: 'ascii',
  // Less text to scan: V8 reads all of a file before it runs any. Names stay, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
};
await build({
  ...common,
  entryPoints: [join(root, 'bin', 'command.ts')],
  splitting: true,
  format: 'esm',
  plugins: [pastTheFaces, rareTogether],
  outdir,
  outExtension: { '.js': '.mjs' },
});
const { outputFiles } = await build({
  ...common,
  entryPoints: [join(root, 'bin', 'command.ts')],
  format: 'cjs',
  define: { 'import.meta.url': 'scriptUrl' },
  write: false,
});
// Node finds no way to import for a script whose code comes from a cache; whoever loads it hands one in.
const script = outputFiles[0].text.replace(/\bimport\((?="[^"]+"\))/g, 'importPackage(');
writeFileSync(join(outdir, 'command.cjs'), script);
await build({
  ...common,
  entryPoints: [join(root, 'bin', 'weir.ts')],
  format: 'cjs',
  define: { 'import.meta.dirname': '__dirname' },
  plugins: [commandOutside],
  outdir,
});
await build({
  ...common,
  entryPoints: [join(root, 'bin', 'filterThread.ts')],
  format: 'cjs',
  banner: { js: 'const scriptUrl = require("node:url").pathToFileURL(__filename).href;' },
  define: { 'import.meta.url': 'scriptUrl' },
  outdir,
});
writeFileSync(join(outdir, 'package.json'), '{ "type": "commonjs" }\n');
execFileSync(process.execPath, [join(root, 'scripts', 'codeCache.mjs')], { stdio: 'ignore' });
