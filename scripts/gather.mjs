/**
 * Puts modules together into fewer. A bundler that splits code makes one chunk for each set of entries that reach it,
 * and what Node takes to find, read and link a module is most of what a small one costs.
 */

import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

/** An import of another chunk, in the one form that esbuild writes when it is told to save white space. */
const IMPORT = /(?<=^|[;\n}])import\{([^{}]*)\}from"(\.[^"]+)";/g;

const pathOf = (from, specifier) => join(dirname(from), specifier);
/** `a, b as c` as pairs of the name there and the name here. */
const pairsIn = (list) => list.split(',').map((name) => name.split(' as '));

/** The chunks that a module cannot run without, itself among them. */
export function closureOf(modules, path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  for (const [, , specifier] of modules.get(path).matchAll(IMPORT))
    closureOf(modules, pathOf(path, specifier), found);
  return found;
}

/**
 * @param modules - Texts by path.
 * @param groups - The modules that go together, by the path of the module that they become. Those of a group
 *   import only from their own group and from those before it.
 * @returns Texts by path: the groups, and what is in no group.
 */
export async function gather(modules, groups) {
  const groupOf = new Map();
  for (const [group, members] of groups) for (const member of members) groupOf.set(member, group);
  /** What each group must export: an alias for each name of a member that somebody outside asks for. */
  const asked = new Map([...groups.keys()].map((group) => [group, new Map()]));
  const aliases = new Map();
  const aliasOf = (path, name) => {
    const key = `${path} ${name}`;
    const alias = aliases.get(key) ?? `e${aliases.size.toString(36)}`;
    aliases.set(key, alias);
    asked.get(groupOf.get(path)).set(alias, `export{${name} as ${alias}}from${JSON.stringify(path)};`);
    return alias;
  };
  const outwards = (path, target) => {
    const away = dirname(path) === dirname(target) ? './' : './parts/';
    return `${away}${basename(target)}`;
  };
  const rewritten = new Map();
  for (const [path, text] of modules) {
    const home = groupOf.get(path);
    const moved = text.replace(IMPORT, (whole, list, specifier) => {
      const target = pathOf(path, specifier);
      const group = groupOf.get(target);
      if (group === undefined) return whole;
      if (group === home) return `import{${list}}from${JSON.stringify(target)};`;
      const names = pairsIn(list).map(([there, here = there]) => `${aliasOf(target, there)} as ${here}`);
      return `import{${names}}from${JSON.stringify(outwards(home ?? path, group))};`;
    });
    rewritten.set(path, moved);
  }
  const result = new Map();
  for (const [path, text] of rewritten) if (!groupOf.has(path)) result.set(path, text);
  for (const group of groups.keys())
    result.set(group, await together([...asked.get(group).values()].join(''), rewritten));
  return result;
}

/** One module of the members that a list of exports names, and of those that these need. */
async function together(contents, modules) {
  const fromMemory = {
    name: 'from-memory',
    setup(build) {
      build.onResolve({ filter: /.*/ }, ({ path }) =>
        modules.has(path) ? { path, namespace: 'chunk' } : { path, external: true },
      );
      build.onLoad({ filter: /.*/, namespace: 'chunk' }, ({ path }) => ({ contents: modules.get(path) }));
    },
  };
  const { outputFiles } = await build({
    stdin: { contents },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    charset: 'ascii',
    minifyWhitespace: true,
    minifySyntax: true,
    plugins: [fromMemory],
    write: false,
  });
  return outputFiles[0].text;
}
