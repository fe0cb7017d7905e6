#!/usr/bin/env node
/**
 * Writes the API reference, docs/reference/FACE.md, from the declarations in dist/types: of each exported name what its
 * comment says, and its declaration. Names without a comment go to standard error; `--check` fails where there are any.
 * Run by the build.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const types = join(root, 'dist', 'types');
const target = join(root, 'docs', 'reference');

const FACES = [
  ['index', 'weir-bpf'],
  ['node', 'weir-bpf/node'],
  ['cbpf', 'weir-bpf/cbpf'],
  ['ebpf', 'weir-bpf/ebpf'],
  ['compile', 'weir-bpf/compile'],
  ['decode', 'weir-bpf/decode'],
  ['ask', 'weir-bpf/ask'],
  ['see', 'weir-bpf/see'],
];

const texts = new Map();
const textOf = (file) => {
  if (!texts.has(file)) texts.set(file, readFileSync(file, 'utf8'));
  return texts.get(file);
};
const below = (file, specifier) => join(dirname(file), specifier.replace(/\.js$/, '.d.ts'));

/** What a file exports from others: pairs of the name outside, the file, and the name there. */
function reexports(file) {
  const found = [];
  for (const [, list, from] of textOf(file).matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)'/gm))
    for (const part of list
      .split(',')
      .map((name) => name.trim().replace(/^type /, ''))
      .filter(Boolean)) {
      const [inner, outer = inner] = part.split(' as ');
      found.push([outer, below(file, from), inner]);
    }
  for (const [, name, from] of textOf(file).matchAll(/^export \* as (\w+) from '([^']+)'/gm))
    found.push([name, below(file, from), '*']);
  for (const [, from] of textOf(file).matchAll(/^export \* from '([^']+)'/gm)) {
    const inner = below(file, from);
    for (const name of namesOf(inner)) found.push([name, inner, name]);
  }
  return found;
}

const DECLARED =
  /^export (?:declare )?(?:abstract )?(?:const|let|function\*?|class|interface|type|enum) (\w+)/gm;
const namesOf = (file) => [
  ...[...textOf(file).matchAll(DECLARED)].map(([, name]) => name),
  ...reexports(file).map(([name]) => name),
];

/** Where a name is declared. */
function originOf(file, name) {
  if (name === '*') return { file, name };
  const again = reexports(file).find(([outer]) => outer === name);
  return again === undefined ? { file, name } : originOf(again[1], again[2]);
}

/** The declaration of a name and the comment in front of it; of a whole module the comment at its head. */
function declarationOf({ file, name }) {
  const text = textOf(file);
  if (name === '*') return { comment: /\/\*\*[\s\S]*?\*\//.exec(text)?.[0] ?? '', code: '' };
  const start = text.search(
    new RegExp(
      `^export (?:declare )?(?:abstract )?(?:const|let|function\\*?|class|interface|type|enum) ${name}\\b`,
      'm',
    ),
  );
  if (start < 0) throw new Error(`${file} declares no ${name}`);
  const before = text.slice(0, start).trimEnd();
  const comment = before.endsWith('*/') ? before.slice(before.lastIndexOf('/**')) : '';
  const code = text.slice(start, endOf(text, start));
  // Overloads, and a value and a type of the same name, stay together.
  return { comment, code: code.replace(/^export (declare )?/, '') };
}

/** The end of a declaration: a semicolon or a closing brace at its own depth, at the end of a line. */
function endOf(text, start) {
  let depth = 0;
  let comment = false;
  for (let at = start; at < text.length; at++) {
    if (!comment && text.startsWith('/*', at)) comment = true;
    if (comment) {
      if (text.startsWith('*/', at)) comment = false;
      continue;
    }
    if ('{(['.includes(text[at])) depth++;
    if ('})]'.includes(text[at])) depth--;
    if (depth > 0 || text[at + 1] !== '\n') continue;
    if (
      text[at] === ';' ||
      (text[at] === '}' &&
        /^export (declare )?(abstract )?(interface|class)/.test(text.slice(start, start + 40)))
    )
      return at + 1;
  }
  return text.length;
}

/** A comment as Markdown. */
function proseOf(comment) {
  return comment
    .replace(/^\/\*\*\s?|\s*\*\/$/g, '')
    .replace(/^[ \t]*\* ?/gm, '')
    .replace(/\{@link (?:file:\/\/)?([^}]+)\}/g, '`$1`')
    .replace(/@internal/g, '')
    .replace(
      /^@example\s*\n([\s\S]*?)(?=\n@|\n*$(?![\s\S]))/gm,
      (_, code) => `\`\`\`js\n${code.trim()}\n\`\`\`\n`,
    )
    .replace(/^@param (\S+) - /gm, '\n- `$1`: ')
    .replace(/^@returns /gm, '\n- returns ')
    .replace(
      /(^|\. )@throws \{?(\w+)\}?/gm,
      (_, lead) => `${lead === '' ? '\n- ' : lead}throws ${_.match(/(\w+)\}?$/)[1]}`,
    )
    .trim();
}

const bare = [];
mkdirSync(target, { recursive: true });
for (const [face, title] of FACES) {
  const file = join(types, `${face}.d.ts`);
  const head = proseOf(/\/\*\*[\s\S]*?\*\//.exec(textOf(file))[0])
    .replace(/@packageDocumentation/, '')
    .trim();
  const names = namesOf(file).sort((a, b) => a.localeCompare(b));
  const sections = names.map((name) => {
    const { comment, code } = declarationOf(originOf(file, name));
    if (comment === '') bare.push(`${title}: ${name}`);
    const origin = originOf(file, name).name;
    const alias = origin === name || origin === '*' ? '' : `Declared as \`${origin}\`.\n\n`;
    const block = code === '' ? '' : `\n\n\`\`\`ts\n${code.trim()}\n\`\`\``;
    return `## ${name}\n\n${alias}${proseOf(comment)}${block}\n`;
  });
  const list = names.map((name) => `[\`${name}\`](#${name.toLowerCase()})`).join(', ');
  writeFileSync(
    join(target, `${face}.md`),
    `# ${title}\n\n${head}\n\n${names.length} names: ${list}\n\n${sections.join('\n')}`,
  );
}
if (bare.length > 0) console.error(`without a comment: ${bare.length}\n  ${bare.join('\n  ')}`);
if (bare.length > 0 && process.argv.includes('--check')) process.exitCode = 1;
