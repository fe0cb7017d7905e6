#!/usr/bin/env node
/**
 * Copies the declarations that the published faces reach to dist/types: some of those that the compiler makes, name by name, without
 * those of tests, the command and rooms that no face shows. Written for TypeScript from 5.4 on.
 */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const from = join(root, 'dist', 'lib');
const to = join(root, 'dist', 'types');

/** `AsyncDisposable` is there without @types/node, too, where the target of who compiles is older. */
const HEAD = '/// <reference lib="esnext.disposable" />\n';

/** Indented by tabs: one byte for four. */
const withTabs = (text) => text.replace(/^( {4})+/gm, (blanks) => '\t'.repeat(blanks.length / 4));

/** Views of typed arrays have a type parameter since 5.7 only. */
const forOlder = (text) => text.replace(/\b(\w+Array|DataView)<ArrayBuffer(Like)?>/g, '$1');

/** `a, type B as C` as pairs of the name outside and the name inside. */
const pairsIn = (list) =>
  list
    .split(',')
    .map((name) => name.trim().replace(/^type /, ''))
    .filter((name) => name !== '')
    .map((name) => name.split(' as ').reverse())
    .map(([outside, inside = outside]) => [outside, inside]);
const source = (from, specifier) => join(dirname(from), specifier.replace(/\.js$/, '.d.ts'));
const read = (path) => readFileSync(path, 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?/m, '');

/** Marks what a module exports, `name` alone or everything, where it is declared. */
function publish(path, name, published) {
  const text = read(path);
  for (const [, list, from] of text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)'/gm))
    for (const [outside, inside] of pairsIn(list))
      if (name === undefined || name === outside) publish(source(path, from), inside, published);
  for (const [, alias, from] of text.matchAll(/^export \* (?:as (\w+) )?from '([^']+)'/gm))
    if (alias === undefined) publish(source(path, from), name, published);
    else if (name === undefined || name === alias) {
      published.add(source(path, from));
      publish(source(path, from), undefined, published);
    }
  for (const [, declared] of text.matchAll(DECLARATION))
    if (name === undefined || name === declared) published.add(`${path} ${declared}`);
}
const DECLARATION = /^export (?:declare )?(?:abstract )?(?:const|function|class|interface|type|enum) (\w+)/gm;

/** Comments on what no face exports are for those who read the sources: nearly half of the text. */
function withoutInnerComments(path, text, published) {
  const comment = /[ \t]*\/\*\*[\s\S]*?\*\/\n?/g;
  // A statement begins at its comment, at the beginning of a line.
  const statements = text.split(/^(?=\/\*\*|(?:export|declare|import|interface|type|class) )/m);
  let kept = false;
  return statements
    .map((statement, place) => {
      const next = statement.startsWith('/**') ? (statements[place + 1] ?? '') : statement;
      const [, declared] =
        /^export [^\n]*?\b(?:const|function|class|interface|type|enum) (\w+)/.exec(next) ?? [];
      kept = declared !== undefined && published.has(`${path} ${declared}`);
      // The head of a module is read where the module is a face, or an object of one.
      return kept || (place === 0 && published.has(path)) ? statement : statement.replace(comment, '');
    })
    .join('');
}

/** What no face exports takes a line, without blanks around signs. */
function tightly(path, text, published) {
  const statements = text.split(/^(?=\/\*\*|(?:export|declare|import|interface|type|class) )/m);
  return statements
    .map((statement) => {
      const [, declared] =
        /^export [^\n]*?\b(?:const|function|class|interface|type|enum) (\w+)/.exec(statement) ?? [];
      if (statement.includes('/*') || statement.includes('//') || published.has(`${path} ${declared}`))
        return statement;
      return statement
        .split(/('[^'\n]*'|"[^"\n]*"|`[^`\n]*`)/)
        .map((part, i) =>
          i & 1
            ? part
            : part
                .replace(/\s+(?!$)/g, ' ')
                .replace(/ ?([:;,|&{}()<>[\]]|=>?) ?/g, '$1')
                .replace(/;\}/g, '}'),
        )
        .join('');
    })
    .join('');
}

/** The compiler names what it has inferred by its module each time; said once at the top it takes a tenth. */
function withImportsOnTop(text) {
  const taken = new Set(
    [
      ...text.matchAll(
        /(?:^|[{,]|\b(?:const|function|class|interface|type|enum))\s*(?:type )?(\w+)(?=[\s,}<(=:])/gm,
      ),
    ].map(([, name]) => name),
  );
  const imports = new Set();
  const body = text.replace(/\bimport\("([^"]+)"\)\.(\w+)/g, (whole, from, name) => {
    const line = `import type { ${name} } from '${from}';\n`;
    if (
      taken.has(name) &&
      !imports.has(line) &&
      !new RegExp(`import \\{[^}]*\\b${name}\\b[^}]*\\} from '${from}'`).test(text)
    )
      return whole;
    if (!taken.has(name)) imports.add(line);
    taken.add(name);
    return name;
  });
  return [...imports].join('') + body;
}

/** Used as often, a type is worth a name of its own. */
const OFTEN = 8;

/** Rows of a table, objects with the same keys, and fields of one kind get a name each: half of what layouts take. */
function withShortNames(text) {
  const aliases = [];
  const counted = (pattern, keyOf) => {
    const counts = new Map();
    for (const match of text.matchAll(pattern)) counts.set(keyOf(match), (counts.get(keyOf(match)) ?? 0) + 1);
    return new Map([...counts].filter(([, count]) => count >= OFTEN).map(([key], i) => [key, i]));
  };
  const ROW = /(?<=\[|, )\{\n((?: +readonly \w+: [^{};\n]+;\n)+)\}/g;
  const members = (body) => [...body.matchAll(/readonly (\w+): ([^;]+);/g)];
  const keysOf = ([, body]) =>
    members(body)
      .map(([, key]) => key)
      .join();
  const rows = counted(ROW, keysOf);
  let body = text.replace(ROW, (whole, inside) => {
    const row = rows.get(keysOf([whole, inside]));
    return row === undefined ? whole : `_R${row}<${members(inside).map(([, , type]) => type)}>`;
  });
  for (const [keys, row] of rows) {
    const named = keys.split(',').map((key, i) => `readonly ${key}: T${i}`);
    aliases.push(`type _R${row}<${named.map((_, i) => `T${i}`)}> = { ${named.join('; ')} };\n`);
  }
  const FIELD = /\bField<[\w[\]]+>(?=;)/g;
  const fields = counted(FIELD, ([whole]) => whole);
  body = body.replace(FIELD, (whole) => (fields.has(whole) ? `_${fields.get(whole)}` : whole));
  for (const [field, i] of fields) aliases.push(`type _${i} = ${field};\n`);
  return body.replace(/(?<=[{;])\s+('?[\w.]+'?): (?=_\d+;)/g, '$1:') + aliases.join('');
}

const LISTED = /^export (?:type )?\{([^}]*)\} from '([^']+)';\n?/gm;
const STARRED = /^export \* (?:as (\w+) )?from '([^']+)';\n?/gm;

/** Whether a module hands on what others declare, and nothing else: the face of a room. */
const isRoom = (path) =>
  path.endsWith('/index.d.ts') &&
  !faces.includes(path) &&
  read(path)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(LISTED, '')
    .replace(STARRED, '')
    .trim() === '';

/** Reaches what a module says that it takes from another: all of it, or a name of a room. */
function follow(path, specifier, names) {
  const target = source(path, specifier);
  if (!rooms.has(target)) {
    if (isRoom(target)) rooms.set(target, new Set());
    else {
      queue.push(target);
      return;
    }
  }
  const taken = rooms.get(target);
  const text = read(target);
  const all = [...text.matchAll(LISTED)].flatMap(([, list, from]) =>
    pairsIn(list).map(([outside, inside]) => [outside, inside, from]),
  );
  for (const name of names ?? all.map(([outside]) => outside)) {
    if (taken.has(name)) continue;
    taken.add(name);
    const listed = all.find(([outside]) => outside === name);
    if (listed !== undefined) follow(target, listed[2], [listed[1]]);
    else
      for (const [, alias, from] of text.matchAll(STARRED))
        if (alias === undefined) follow(target, from, [name]);
        else if (alias === name) follow(target, from);
  }
  if (names === undefined)
    for (const [, alias, from] of text.matchAll(STARRED)) {
      taken.add(alias ?? '*');
      follow(target, from);
    }
}

/** Everything that a module takes from others. */
function followAll(path, text) {
  for (const [, list, from] of text.matchAll(/^(?:import|export) (?:type )?\{([^}]*)\} from '(\.[^']+)'/gm))
    follow(
      path,
      from,
      pairsIn(list).map(([, inside]) => inside),
    );
  for (const [, from] of text.matchAll(/^(?:import|export) (?:type )?\*[^;]*? from '(\.[^']+)'/gm))
    follow(path, from);
  for (const [, from, name] of text.matchAll(/\bimport\("(\.[^"]+)"\)(?:\.(\w+))?/g))
    follow(path, from, name && [name]);
}

/** The face of a room as far as it is looked at. */
const reducedTo = (names) => (text) =>
  text
    .replace(LISTED, (_, list, from) => {
      const kept = list.split(',').filter((one) => names.has(pairsIn(one)[0]?.[0]));
      return kept.length === 0 ? '' : `export {${kept.join()}} from '${from}';\n`;
    })
    .replace(STARRED, (whole, alias) => (alias === undefined || names.has(alias) ? whole : ''));

const faces = ['index', 'node', 'cbpf', 'ebpf', 'compile', 'decode', 'ask', 'see'].map((face) =>
  join(from, `${face}.d.ts`),
);
rmSync(to, { recursive: true, force: true });
const reached = new Set();
const rooms = new Map();
const queue = [...faces];
const published = new Set();
for (const face of faces) {
  published.add(face);
  publish(face, undefined, published);
}

function write(path, text) {
  const target = join(to, relative(from, path));
  mkdirSync(dirname(target), { recursive: true });
  const head = /Dispos(e|able)\b/.test(text) ? HEAD : '';
  const body = withShortNames(forOlder(withImportsOnTop(withoutInnerComments(path, text, published))));
  writeFileSync(target, head + tightly(path, withTabs(body), published));
}

for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
  if (reached.has(path)) continue;
  reached.add(path);
  const text = read(path);
  followAll(path, text);
  write(path, text);
}
for (const [path, names] of rooms) write(path, reducedTo(names)(read(path)));
