#!/usr/bin/env node
/**
 * Bundles the command into dist/command: a few files instead of a hundred and fifty, because loading
 * modules is most of what a short run of `weir` takes. Parts that few runs need stay files of their own.
 */

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const outdir = join(root, 'dist', 'command');
rmSync(outdir, { recursive: true, force: true });

/** Where the names that a face of the library exports come from. */
function exportsOf(face) {
  const text = readFileSync(join(root, 'lib', `${face}.ts`), 'utf8');
  const named = new Map();
  for (const [, names, from] of text.matchAll(/export \{([^}]*)\} from '([^']+)'/g)) {
    for (const name of names.split(',')) named.set(name.trim().replace(/^type /, ''), from);
  }
  const spaces = new Map(
    [...text.matchAll(/export \* as (\w+) from '([^']+)'/g)].map(([, name, from]) => [name, from]),
  );
  const stars = [...text.matchAll(/export \* from '([^']+)'/g)].map(([, from]) => from);
  return { named, spaces, stars };
}
const faces = { index: exportsOf('index'), node: exportsOf('node') };

/** The same imports, past the face: esbuild keeps all that a face re-exports in one chunk. */
function direct(names, face) {
  const { named, spaces, stars } = faces[face];
  return names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '))
    .map((name) => {
      const below = (from) => from.replace(/^\.\//, '../lib/');
      if (spaces.has(name)) return `import * as ${name} from '${below(spaces.get(name))}';`;
      if (named.has(name)) return `import { ${name} } from '${below(named.get(name))}';`;
      const star = stars.find((from) =>
        readFileSync(join(root, 'lib', from.replace(/\.js$/, '.ts')), 'utf8').includes(name),
      );
      return `import { ${name} } from '${star === undefined ? `../lib/${face}.js` : below(star)}';`;
    })
    .join(' ');
}

const pastTheFaces = {
  name: 'past-the-faces',
  setup(build) {
    build.onLoad({ filter: /[\\/]bin[\\/][^\\/]*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8').replace(
        /^import \{([^}]*)\} from '\.\.\/lib\/(index|node)\.js';/gm,
        (_, names, face) => direct(names, face),
      ),
    }));
  },
};

await build({
  entryPoints: [join(root, 'bin', 'weir.ts')],
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  plugins: [pastTheFaces],
  // Less text to scan: V8 reads all of a file before it runs any. Names stay, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  outdir,
  logLevel: 'warning',
});
