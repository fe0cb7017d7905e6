/** The help text, laid out by yargs from the option table. Loaded only when it is asked for. */

import { OPTIONS } from './options.js';
import { SUBCOMMANDS } from './subcommands.js';

export const EXAMPLES: readonly (readonly [command: string, meaning: string])[] = [
  ["$0 -nr trace.pcap 'tcp port 80'", 'print what matches, as tcpdump does'],
  ["$0 -r big.pcapng.zst -w out.pcapng 'host 192.0.2.1'", 'write what matches; comments and names stay'],
  ["$0 -r trace.pcap --count '@dns-failures'", 'count with a ready-made filter'],
  ["ssh router tcpdump -w - | $0 -r - 'not port 22'", 'filter a pipe'],
  ["$0 -d 'tcp dst port 443'", 'print the compiled filter'],
  ["sudo $0 -i eth0 -c 10 'icmp or icmp6'", 'capture ten packets live'],
  ['sudo $0 -i eth0 -G 3600 -w %F-%H.pcap -z gzip', 'a savefile an hour, each compressed'],
];

/** Their own options are told by `--help` behind the name. */
function subcommands(): string {
  const lines = SUBCOMMANDS.map(
    ({ name, operands, help }) => `  weir ${`${name} ${operands}`.padEnd(35)} ${help}`,
  );
  return `Commands:\n${lines.join('\n')}`;
}

/** Columns of the terminal, within what reads well. */
const columns = (): number => Math.min(process.stdout.columns || 100, 120);

export async function helpText(): Promise<string> {
  const { default: yargs } = await import('yargs');
  const parser = yargs([])
    .scriptName('weir')
    .usage(
      `Usage: $0 [options] [expression]\n\nFilters packets with tcpdump expressions (see pcap-filter(7)).\n\n${subcommands()}`,
    )
    .help(false)
    .version(false)
    .wrap(columns());
  for (const { short, long, value, group, argument, help } of OPTIONS) {
    const [name, ...others] = long;
    parser.option(name!, {
      alias: short === undefined ? others : [short, ...others],
      group: `${group}:`,
      description: argument === undefined ? help : `${argument}: ${help}`,
      type: value === 'none' ? 'boolean' : 'string',
    });
  }
  for (const [command, meaning] of EXAMPLES) parser.example(command, meaning);
  parser.epilogue('Exit status: 0 when all went well, also when nothing matched; 1 after any error.');
  return parser.getHelp();
}
