/** The command: reads its line, does one thing, and turns every failure into one message and a status. */

import { UsageError } from './getopt.js';
import { parseOptions } from './options.js';
import { program } from './program.js';
import { CommandError, fail } from './report.js';
import { writeMessage } from './standard.js';
import { SUBCOMMANDS, type Subcommand } from './subcommands.js';
import { hasTimes } from './timeWindow.js';

async function dispatch(words: readonly string[]): Promise<void> {
  const [command, ...rest] = words;
  const subcommand = SUBCOMMANDS.find(({ name }) => name === command);
  if (subcommand !== undefined) return runSubcommand(subcommand, rest);
  // The language has no such word.
  if (words.length === 1 && command === 'help') return (await import('./about.js')).printHelp();
  const options = parseOptions(words);
  switch (options.action) {
    case 'help':
      return (await import('./about.js')).printHelp();
    case 'version':
      return (await import('./about.js')).printVersion();
    case 'listFilters':
      return (await import('./about.js')).printFilters();
    case 'listFields':
      return (await import('./print.js')).printFields(options.fieldPrefix || (options.operands[0] ?? ''));
    case 'listEngines':
      return (await import('./about.js')).printEngines();
    case 'listLinkTypes':
      return (await import('./about.js')).printLinkTypes(options);
    case 'listTimeStampTypes':
      if (options.read === undefined)
        return (await import('./deviceFacts.js')).printTimeStampTypes(options.interface);
      break;
    case 'equivalent':
      return (await import('./equivalent.js')).compareExpressions(options).catch((error) => {
        if (error instanceof UsageError) throw error;
        fail(error);
        process.exitCode = 2; // 1 is an answer
      });
    case 'libpcap':
      return (await import('./libpcapForm.js')).printLibpcapForm(options);
    case 'split':
      if ((options.read ?? options.interface) === undefined)
        throw new CommandError('--split parts a savefile, or what a device captures: name it with -r or -i');
      if (options.read === undefined) break;
      return (await import('./split.js')).splitCapture(options);
    case 'flowSplit':
      return (await import('./flowSplit.js')).splitFlows(options);
    case 'listInterfaces':
      return (await import('./deviceFacts.js')).printInterfaces();
    case 'filter':
      break;
  }
  if (options.makesIndex && options.write === undefined)
    throw new CommandError('--index without a way to use one makes it beside what -w writes');
  if (options.explain !== undefined) return (await import('./explain.js')).explainPackets(options);
  if (options.profile || (options.svg ?? options.dot) !== undefined)
    return (await import('./see.js')).seeFilter(options);
  if (options.read !== undefined || options.readList !== undefined)
    return (await import('./read.js')).readFiles(options);
  if (options.dump > 0 && options.interface === undefined)
    return (await import('./dump.js')).dumpExpression(options);
  if (hasTimes(options.times)) throw new CommandError('times are about savefiles: name one with -r');
  return (await import('./live.js')).captureLive(options);
}

/** A subcommand called wrongly says how it goes itself. */
async function runSubcommand(
  { name, run, usage, answers }: Subcommand,
  words: readonly string[],
): Promise<void> {
  try {
    await run(words);
  } catch (error) {
    if (error instanceof UsageError) {
      writeMessage(`weir ${name}: ${error.message}\n${await usage()}`);
      process.exitCode = 1;
    } else fail(error);
    if (answers && process.exitCode === 1) process.exitCode = 2;
  }
}

/**
 * Runs a command line. Never rejects: what fails is told on stderr and in the exit status.
 *
 * @param keep - Reads what the command may still load.
 */
export async function runCommand(words: readonly string[], keep: () => void = program.keep): Promise<void> {
  program.keep = keep;
  try {
    await dispatch(words);
  } catch (error) {
    if (error instanceof UsageError) {
      const { printUsage } = await import('./about.js');
      printUsage(error.message);
      process.exitCode = 1;
    } else fail(error);
  }
}
