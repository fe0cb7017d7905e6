/**
 * Writes the manual page and the completions of three shells from the command's option table: docs/weir.1,
 * docs/completions/. Run after a build: `node scripts/manual.mjs`; with --check it says what is out of date instead.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { OPTIONS } = await import('../dist/bin/options.js');
const { EXAMPLES } = await import('../dist/bin/help.js');
const { SUBCOMMANDS } = await import('../dist/bin/subcommands.js');

const FILES = new Set(['FILE', 'PATH']);
const groups = [...new Set(OPTIONS.map(({ group }) => group))];

/** Text for roff: no line begins with a dot, hyphens are hyphens. */
const roff = (text) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');

function manual() {
  const option = ({ short, long, argument, value, help }) => {
    const names = [...(short === undefined ? [] : [`-${short}`]), ...long.map((name) => `--${name}`)];
    const last =
      value === 'none' ? '' : value === 'optional' ? `[=\\fI${argument}\\fR]` : ` \\fI${argument}\\fR`;
    return `.TP\n${names.map((name) => `\\fB${roff(name)}\\fR`).join(', ')}${last}\n${roff(help)}`;
  };
  return `.\\" Made by scripts/manual.mjs from the option table; change that.
.TH WEIR 1
.SH NAME
weir \\- filter packets with tcpdump expressions
.SH SYNOPSIS
.B weir
[\\fIoptions\\fR] [\\fIexpression\\fR]
${SUBCOMMANDS.map(({ name, operands }) => `.br\n.B weir ${name}\n${roff(operands)}`).join('\n')}
.SH DESCRIPTION
Weir compiles an expression of
.BR pcap\\-filter (7)
and runs it over capture files, pipes and interfaces. Options, output and exit status are those of
.BR tcpdump (8)
where tcpdump has them. Packets that match are printed, written (\\fB\\-w\\fR) or counted (\\fB\\-\\-count\\fR).
.SH COMMANDS
${SUBCOMMANDS.map(({ name, operands, help }) => `.TP\n\\fBweir ${name}\\fR ${roff(operands)}\n${roff(help)}`).join('\n')}
.SH OPTIONS
${groups
  .map(
    (group) =>
      `.SS ${group}\n${OPTIONS.filter((row) => row.group === group)
        .map(option)
        .join('\n')}`,
  )
  .join('\n')}
.SH EXIT STATUS
0 when all went well, also when nothing matched; 1 after any error. \\fB\\-\\-equivalent\\fR: 0 equal, 1 different, 2 not decided or an error; so are those of \\fBimplies\\fR, \\fBdisjoint\\fR, \\fBdiff\\fR, \\fBmake\\fR and \\fBrules lint\\fR.
.SH EXAMPLES
${EXAMPLES.map(([command, meaning]) => `.TP\n${roff(meaning)}\n.EX\n${roff(command.replaceAll('$0', 'weir'))}\n.EE`).join('\n')}
.SH SEE ALSO
.BR tcpdump (8),
.BR pcap\\-filter (7),
.BR pcap\\-linktype (7)
`;
}

const words = ({ short, long }) => [
  ...(short === undefined ? [] : [`-${short}`]),
  ...long.map((name) => `--${name}`),
];
const takesFile = ({ argument = '' }) => FILES.has(argument);

function bash() {
  const all = OPTIONS.flatMap(words);
  const valued = OPTIONS.filter(({ value }) => value === 'required');
  const pattern = (rows) => rows.flatMap(words).join('|');
  return `# Made by scripts/manual.mjs from the option table; change that.
_weir() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  case $before in
    ${pattern(valued.filter(takesFile))}) COMPREPLY=($(compgen -f -- "$word")); return ;;
    -i|--interface) COMPREPLY=($(compgen -W "$(weir -D 2>/dev/null | sed 's/^[0-9]*\\.//; s/[ (].*//')" -- "$word")); return ;;
    ${pattern(valued.filter((row) => !takesFile(row) && row.short !== 'i'))}) return ;;
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W '${all.join(' ')}' -- "$word")) ;;
    @*) COMPREPLY=($(compgen -W "$(weir --filters 2>/dev/null | sed 's/[ (].*//')" -- "$word")) ;;
    *) if [ "$COMP_CWORD" = 1 ]; then COMPREPLY=($(compgen -W '${SUBCOMMANDS.map(({ name }) => name).join(' ')}' -- "$word")); fi ;;
  esac
}
complete -o default -F _weir weir
`;
}

const quoted = (text) => text.replaceAll("'", "'\\''");

function zsh() {
  const escaped = (text) => quoted(text).replaceAll('[', '\\[').replaceAll(']', '\\]').replaceAll(':', '\\:');
  const rows = OPTIONS.flatMap((row) => {
    const action = takesFile(row) ? '_files' : ' ';
    const value = row.value === 'required' ? `:${row.argument}:${action}` : '';
    return words(row).map(
      (word) =>
        `  '*${word}${row.value === 'required' && word.startsWith('--') ? '=' : ''}[${escaped(row.help)}]${value}' \\`,
    );
  });
  return `#compdef weir
# Made by scripts/manual.mjs from the option table; change that.
_arguments \\
${rows.join('\n')}
  '*:expression:_default'
`;
}

function fish() {
  const rows = OPTIONS.map((row) => {
    const names = [
      ...(row.short === undefined ? [] : [`-s '${row.short}'`]),
      ...row.long.map((name) => `-l ${name}`),
    ];
    const value = row.value !== 'required' ? '' : takesFile(row) ? ' -r -F' : ' -x';
    return `complete -c weir ${names.join(' ')}${value} -d '${row.help.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  });
  const commands = SUBCOMMANDS.map(
    ({ name, help }) => `complete -c weir -n __fish_is_first_arg -a ${name} -d '${help}'`,
  );
  return `# Made by scripts/manual.mjs from the option table; change that.\n${[...commands, ...rows].join('\n')}\n`;
}

const made = {
  'weir.1': manual(),
  'completions/weir.bash': bash(),
  'completions/_weir': zsh(),
  'completions/weir.fish': fish(),
};
const check = process.argv.includes('--check');
for (const [name, text] of Object.entries(made)) {
  const path = join(root, 'docs', name);
  if (check) {
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
      console.error(`docs/${name} is not what the option table says: node scripts/manual.mjs`);
      process.exitCode = 1;
    }
    continue;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
