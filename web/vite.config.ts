/**
 * Builds the playground to static files. For any folder of any host they go to dist/site, the library among them; in the
 * mode `package` to dist/web, for `weir playground`, which serves the library of the package beside them.
 */

import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

const root = import.meta.dirname;
const captures = join(root, '..', 'captures');
const isCapture = (name: string): boolean => /\.pcap(ng)?(\.(gz|zst|lz4))?$/.test(name);

/** The project's own captures by name. */
const namesOfCaptures: Plugin = {
  name: 'names-of-captures',
  resolveId: (id) => (id === 'virtual:captures' ? '\0captures' : undefined),
  load: (id) =>
    id === '\0captures'
      ? `export default ${JSON.stringify(readdirSync(captures).filter(isCapture).sort())};`
      : undefined,
};

/** The captures themselves, beside the page. */
const withCaptures: Plugin = {
  name: 'captures',
  writeBundle({ dir }) {
    for (const name of readdirSync(captures).filter(isCapture))
      cpSync(join(captures, name), join(dir!, 'captures', name));
  },
};

/** What keeps the page for when there is no network, with the names of all its files. */
const keptOffline: Plugin = {
  name: 'kept-offline',
  closeBundle() {
    const dir = join(root, '..', 'dist', 'site');
    const files = readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/^(index\.html|offline\.js)$/.test(entry.name))
      .map(({ parentPath, name }) => relative(dir, join(parentPath, name)));
    const version = createHash('sha256')
      .update(readFileSync(join(dir, 'index.html')))
      .digest('hex');
    const text = readFileSync(join(root, 'offline.js'), 'utf8')
      .replace("['FILES']", JSON.stringify(['./', ...files.sort()]))
      .replace('VERSION', version.slice(0, 12));
    writeFileSync(join(dir, 'offline.js'), text);
  },
};

/** The library's faces, where they are served in modules of their own. */
const facesOutside: Plugin = {
  name: 'faces-outside',
  enforce: 'pre',
  resolveId(id) {
    const [, face] = /\/lib\/(\w+)\.js$/.exec(id) ?? [];
    return face === undefined ? undefined : { id: `/library/${face}.js`, external: 'absolute' };
  },
};

export default defineConfig(({ mode }) => ({
  root,
  base: './',
  plugins:
    mode === 'package' ? [facesOutside, namesOfCaptures] : [namesOfCaptures, withCaptures, keptOffline],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es', plugins: () => (mode === 'package' ? [facesOutside] : []) },
  build: {
    outDir: join(root, '..', 'dist', mode === 'package' ? 'web' : 'site'),
    emptyOutDir: true,
    target: 'es2023',
    // What is inlined as data: a strict policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
  logLevel: 'warn',
}));
