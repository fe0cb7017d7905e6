/** A plugin of esbuild for the bundles of the command and of the library: imports go past the faces of folders. */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

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
 * re-export in one file, needed or not. Likewise a list of names taken out of a module becomes an import of them: else
 * the module is made an object first, and its constants are looked up where they could stand.
 */
export const pastTheFaces = {
  name: 'past-the-faces',
  setup(build) {
    build.onLoad({ filter: /[\\/](bin|lib)[\\/].*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8')
        .replace(
          /^(import|export) \{([^}]*)\} from '(\.[^']*\/(?:index|node|cbpf|ebpf|compile|decode|command))\.js';/gm,
          (_, keyword, list, face) => direct(keyword, list, join(dirname(path), `${face}.ts`)),
        )
        .replace(/^const \{([^}]*)\} =\s+(\w+);/gm, (whole, list, name, _, text) => {
          const from = text.match(new RegExp(`import \\* as ${name} from ('.*?');`))?.[1];
          return from === undefined ? whole : `import {${list.replaceAll(':', ' as ')}} from ${from};`;
        }),
    }));
  },
};
