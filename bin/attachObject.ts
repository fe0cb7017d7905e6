/** `weir attach` with an object of clang: the program of a section, with its maps. */

import {
  type AttachedObject,
  type Attachment,
  attachObject,
  KernelError,
  type LoadedProgram,
} from '../lib/command.js';
import type { Telling } from './attachWatch.js';
import { UsageError } from './getopt.js';
import { type Asked, chosenProgram, openObject } from './objectFile.js';
import { fillMap, mapsText } from './objectMaps.js';
import { CommandError } from './report.js';
import { connectionOf, wouldCut } from './session.js';
import { writeOutput } from './standard.js';
import { verdictName } from './verdicts.js';
import { rejectionOf } from './verifyObject.js';

interface Place {
  readonly device: string;
  readonly mode: 'generic' | 'native' | undefined;
  readonly name: string;
}

/** @throws UsageError, CommandError, KernelError */
export function attachObjectFile(
  file: string,
  bytes: Uint8Array,
  { device, mode, name }: Place,
  asked: Asked,
): [attached: Attachment, telling: Telling] {
  const { has } = asked;
  if (has('xdp') || has('tc') || has('else'))
    throw new UsageError('where an object is attached, its section says, and what it answers, the program');
  if (has('dry-run'))
    throw new UsageError('--dry-run is for expressions: weir run tries an object on a capture');
  const object = openObject(file, bytes, asked);
  for (const word of asked.all('map')) fillMap(object, word);
  const program = chosenProgram(object, asked);
  const hook = hookOf(program);
  if (hook === 'tc' && mode !== undefined) throw new UsageError('--generic and --native are for XDP');
  const [missing] = program.missing;
  if (missing !== undefined) throw new CommandError(`${program.name}: it needs ${missing}`);
  if (!has('force')) keepSession(program);
  const egress = program.verifyOptions().attach === 'egress' || /egress/.test(program.section);
  try {
    const attached = attachObject(device, object, program, { hook, mode, name, egress });
    const where = `${program.name} (${hook}${egress ? ', what leaves' : ''}) at ${device}`;
    return [
      attached,
      runsOf(attached, where, () => (has('maps') ? mapsText(object, attached.elements) : '')),
    ];
  } catch (error) {
    if (!(error instanceof KernelError) || error.code !== 'refused') throw error;
    const ours = rejectionOf(program, {});
    throw new CommandError(`${program.name}: ${error.message}${ours === '' ? '' : `\n${ours}`}`.trimEnd());
  }
}

function hookOf({ name, section, type }: LoadedProgram): 'xdp' | 'tc' {
  if (type === 'xdp') return 'xdp';
  if (type === 'sched_cls') return 'tc';
  throw new CommandError(
    `${name}: section ${section} is neither of XDP nor of tc, which are what devices have`,
  );
}

/** The program is asked what it would do, in an engine here. @throws CommandError */
function keepSession(program: LoadedProgram): void {
  const session = connectionOf(process.env.SSH_CONNECTION);
  if (session === undefined) return;
  let passes: boolean;
  try {
    passes = session.packets.every(
      (packet) => verdictName(program.type, program.run(packet).verdict).fate === 'pass',
    );
  } catch (error) {
    throw new CommandError(
      `whether this would cut the connection that it runs over (${session.text}) cannot be told: ${(error as Error).message}; --force attaches it all the same`,
    );
  }
  if (!passes) throw wouldCut(session);
}

function runsOf(attached: AttachedObject, where: string, maps: () => string): Telling {
  let before = attached.runs();
  return {
    where,
    eachSecond() {
      const now = attached.runs();
      const times = now.times - before.times;
      before = now;
      return `${times} runs a second`;
    },
    atEnd() {
      const { times, nanoseconds } = attached.runs();
      const each = times === 0n ? '' : `, ${nanoseconds / times} ns each`;
      writeOutput(maps());
      return `${times} runs${each}\n`;
    },
  };
}
