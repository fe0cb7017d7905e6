/** What the first word of a command line may be instead of an option or an expression. */

export interface Subcommand {
  readonly name: string;
  /** What follows the name, in the help text. */
  readonly operands: string;
  readonly help: string;
  readonly run: (words: readonly string[]) => Promise<void>;
  /** How it goes, for whoever called it wrongly. */
  readonly usage: () => Promise<string>;
  /** Whether its status 1 is an answer, so that an error has 2, as of cmp(1) and grep(1). */
  readonly answers?: true;
}

export const SUBCOMMANDS: readonly Subcommand[] = [
  {
    name: 'verify',
    operands: 'FILE | --filter EXPRESSION',
    help: 'tell whether Linux would run an eBPF program',
    run: async (words) => (await import('./verify.js')).runVerifier(words),
    usage: async () => (await import('./verify.js')).USAGE,
  },
  {
    name: 'run',
    operands: 'OBJECT -r FILE [EXPRESSION]',
    help: 'run a program of clang over a capture',
    run: async (words) => (await import('./run.js')).runObject(words),
    usage: async () => (await import('./run.js')).USAGE,
  },
  {
    name: 'build',
    operands: 'EXPRESSION --xdp | --tc | --cgroup | --socket -o FILE',
    help: 'make an object that loaders take',
    run: async (words) => (await import('./build.js')).runBuild(words),
    usage: async () => (await import('./build.js')).USAGE,
  },
  {
    name: 'attach',
    operands: 'DEVICE EXPRESSION --xdp | --tc',
    help: 'run a filter in the kernel on what arrives at a device',
    run: async (words) => (await import('./attach.js')).runAttach(words),
    usage: async () => (await import('./attach.js')).USAGE,
  },
  {
    name: 'implies',
    answers: true,
    operands: 'EXPRESSION EXPRESSION',
    help: 'tell whether one takes only what the other takes',
    run: async (words) => (await import('./implies.js')).runQuestion('implies', words),
    usage: async () => (await import('./implies.js')).usage('implies'),
  },
  {
    name: 'disjoint',
    answers: true,
    operands: 'EXPRESSION EXPRESSION',
    help: 'tell whether no packet is matched by both',
    run: async (words) => (await import('./implies.js')).runQuestion('disjoint', words),
    usage: async () => (await import('./implies.js')).usage('disjoint'),
  },
  {
    name: 'diff',
    answers: true,
    operands: 'EXPRESSION EXPRESSION',
    help: 'tell in what they differ, with packets',
    run: async (words) => (await import('./ask.js')).runDiff(words),
    usage: async () => (await import('./ask.js')).DIFF_USAGE,
  },
  {
    name: 'describe',
    operands: 'EXPRESSION',
    help: 'say in words what an expression means',
    run: async (words) => (await import('./describe.js')).runDescribe(words),
    usage: async () => (await import('./describe.js')).USAGE,
  },
  {
    name: 'translate',
    operands: 'DISPLAY-FILTER | --to=display EXPRESSION',
    help: "turn Wireshark's filters into expressions, and back",
    run: async (words) => (await import('./translate.js')).runTranslate(words),
    usage: async () => (await import('./translate.js')).USAGE,
  },
  {
    name: 'make',
    answers: true,
    operands: 'EXPRESSION',
    help: 'make packets that match, or go every way',
    run: async (words) => (await import('./ask.js')).runMake(words),
    usage: async () => (await import('./ask.js')).MAKE_USAGE,
  },
  {
    name: 'info',
    operands: 'FILE...',
    help: 'tell what is in captures',
    run: async (words) => (await import('./archive.js')).runInfo(words),
    usage: async () => (await import('./archive.js')).INFO_USAGE,
  },
  {
    name: 'merge',
    operands: '-w FILE FILE...',
    help: 'merge captures in order of time',
    run: async (words) => (await import('./archive.js')).runMerge(words),
    usage: async () => (await import('./archive.js')).MERGE_USAGE,
  },
  {
    name: 'dedup',
    operands: '-w FILE FILE',
    help: 'leave out packets that came twice',
    run: async (words) => (await import('./archive.js')).runDedup(words),
    usage: async () => (await import('./archive.js')).DEDUP_USAGE,
  },
  {
    name: 'index',
    operands: 'FILE...',
    help: 'make indexes, so that later runs read less',
    run: async (words) => (await import('./seek.js')).runIndex(words),
    usage: async () => (await import('./seek.js')).USAGE,
  },
  {
    name: 'shard',
    operands: 'plan | run | status | merge | submit',
    help: 'filter captures on many machines',
    run: async (words) => (await import('./shard.js')).runShardCommand(words),
    usage: async () => (await import('./shard.js')).USAGE,
  },
  {
    name: 'rules',
    answers: true,
    operands: 'lint FILE',
    help: 'tell which rules of a list never get a packet',
    run: async (words) => (await import('./rules.js')).runRules(words),
    usage: async () => (await import('./rules.js')).USAGE,
  },
  {
    name: 'extcap',
    operands: '--install | --uninstall',
    help: 'be an interface of Wireshark and tshark',
    run: async (words) => (await import('./extcap.js')).runExtcap(words),
    usage: async () => (await import('./extcap.js')).USAGE,
  },
  {
    name: 'playground',
    operands: '[--port PORT] [EXPRESSION]',
    help: 'serve a page that shows what a filter does',
    run: async (words) => (await import('./playground.js')).runPlayground(words),
    usage: async () => (await import('./playground.js')).USAGE,
  },
  {
    name: 'asm',
    operands: '[FILE]',
    help: 'assemble a program of either machine',
    run: async (words) => (await import('./asm.js')).runAssembler('asm', words),
    usage: async () => (await import('./asm.js')).usage('asm'),
  },
  {
    name: 'disasm',
    operands: '[FILE]',
    help: 'print a program of either machine',
    run: async (words) => (await import('./asm.js')).runAssembler('disasm', words),
    usage: async () => (await import('./asm.js')).usage('disasm'),
  },
];
