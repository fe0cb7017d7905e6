/** Requirements in words, for people and for programs that read them. */

import {
  DecodeError,
  decode,
  describe,
  FRAME_POINTER,
  type Program,
  signatureFor,
  slotsOf,
} from '../../ebpf/index.js';
import { CONTEXTS, type VerifiedType } from './context.js';
import { KINDS } from './faults.js';
import type { RejectionKind } from './kinds.js';
import { type Access, type Argument, type Requirement, requirementsOf } from './requirements.js';

/** A requirement, or a part of one. */
export interface RequirementText {
  /** In words, with registers by name. */
  readonly text: string;
  /** How a rejection calls it when this does not hold. */
  readonly kinds: readonly RejectionKind[];
}

/** The requirements of the instruction at slot `index`. */
export interface InstructionRequirements {
  readonly index: number;
  /** The instruction, as the kernel writes it. */
  readonly text: string;
  readonly requirements: readonly RequirementText[];
}

const line = (text: string, ...kinds: readonly RejectionKind[]): RequirementText => ({ text, kinds });

const IN_BOUNDS: readonly RejectionKind[] = [
  'outside-packet',
  'outside-stack',
  'outside-map-value',
  'map-access',
  'invalid-context-access',
  'unbounded-offset',
  'pointer-arithmetic',
];

const VERBS = { read: 'read', write: 'written', change: 'changed' } as const;

function ofAccess({ base, offset, size, use, ordered }: Access): RequirementText[] {
  const at = offset === 0 ? `r${base}` : `r${base} ${offset < 0 ? '-' : '+'} ${Math.abs(offset)}`;
  const verb = VERBS[use];
  return [
    line(`r${base} is the address of something that has bytes`, 'not-a-pointer'),
    line(`r${base} is not null`, 'null-pointer'),
    line(`${size} bytes at ${at} may be ${verb}`, ...IN_BOUNDS),
    line(
      `${at} is aligned for ${size} bytes${ordered === true ? '' : ', where that is demanded'}`,
      'misaligned',
    ),
    line(`r${base} is of one kind of memory on all paths`, 'mixed-pointers'),
    line(`no part of an address is ${verb}`, 'partial-address', 'pointer-leak'),
    ...(use === 'write' ? [] : [line('bytes of the stack hold something', 'uninitialized-stack')]),
    ...(ordered === true
      ? [line('the memory is of a kind that can be used atomically, at a fixed place', 'bad-atomic')]
      : []),
  ];
}

const ofArithmetic = (op: string, dst: number): RequirementText[] => [
  line(
    `where r${dst} or its operand is an address: ${op} may move it, by a number with limits`,
    'pointer-arithmetic',
    'unbounded-offset',
    'null-pointer',
    'pointer-leak',
  ),
  line(
    'it stays within the stack or the map value, where the user is not privileged',
    'outside-stack',
    'outside-map-value',
    'map-access',
  ),
];

const ofArgument = ({ register, kind, of }: Argument): RequirementText =>
  line(
    `r${register} is what the helper takes: ${kind}${of === 0 || kind === 'map' ? '' : ` (r${of})`}`,
    'bad-argument',
    'bad-size',
    'pointer-leak',
    'map-access',
    'misaligned',
    'uninitialized-stack',
    'null-pointer',
    'not-a-pointer',
    'unreleased-reference',
    'locked',
    ...IN_BOUNDS,
  );

/** A requirement in words: one line for each property that it is made of. */
export function wordsOf(requirement: Requirement, type: VerifiedType): readonly RequirementText[] {
  switch (requirement.need) {
    case 'encoding':
      return [line(`it is an instruction that is known: ${requirement.message}`, requirement.kind)];
    case 'set':
      return [line(`r${requirement.register} is set`, 'uninitialized-register')];
    case 'writable':
      return requirement.register === FRAME_POINTER
        ? [line('r10 is not written', 'frame-pointer-write')]
        : [];
    case 'no-address':
      return [line(`r${requirement.register} is no address, or the user is privileged`, 'pointer-leak')];
    case 'shift':
      return [line(`the count is 0 to ${requirement.width - 1}`, 'bad-shift')];
    case 'divisor':
      return [line('the divisor is not 0', 'division-by-zero')];
    case 'address-arithmetic':
      return ofArithmetic(requirement.instruction.op, requirement.instruction.dst);
    case 'access':
      return ofAccess(requirement.access);
    case 'apart':
      return requirement.register === requirement.base
        ? [line(`r${requirement.base} is not the address as well`, 'not-a-pointer')]
        : [];
    case 'packet-load':
      return [line('r6 is the context, and this type of program reads packets so', 'packet-load')];
    case 'comparison':
      return [line('an address is compared with null or with the end of the packet alone', 'pointer-leak')];
    case 'function':
      return [line('it names a static function whose types are known', 'bad-immediate')];
    case 'helper': {
      const row = signatureFor(requirement.helper, CONTEXTS[type].letter);
      const name = `helper ${requirement.helper}${row === undefined ? '' : ` (${row.name})`}`;
      return [
        line(`${name} is there for this type and user`, 'unknown-helper', 'privileged-only'),
        line('no lock is held, or this gives it back', 'locked'),
      ];
    }
    case 'kfunc':
      return [
        line('the function is there for this type and user', 'unknown-helper', 'privileged-only'),
        line('no lock is held', 'locked'),
      ];
    case 'argument':
      return [ofArgument(requirement.argument)];
    case 'one-reference':
      return [line('one argument at most is in something that was acquired', 'bad-argument')];
    case 'map-of-helper':
      return [
        line(
          `the map in r${requirement.register} is of a kind for this helper`,
          'bad-argument',
          'map-access',
        ),
      ];
    case 'format':
      return [
        line(`r${requirement.values} has the values that the text asks for`, 'bad-argument', 'bad-size'),
      ];
    case 'callback':
      return [line('calls nest no deeper than 8 frames', 'call-depth', 'bad-argument')];
    case 'tail-call':
      return [
        line('no helper has called the function', 'bad-return'),
        line('the map is one on all paths, where the user is not privileged', 'bad-argument'),
      ];
    case 'nothing-held':
      return [line('all that was acquired has been given back', 'unreleased-reference', 'locked')];
    case 'call':
      return [
        line('calls nest no deeper than 8 frames', 'call-depth'),
        line(
          'a global function is given what its types say, gives a number, cannot sleep, and no lock is held',
          'bad-argument',
          'unknown-helper',
          'bad-return',
          'locked',
          'uninitialized-register',
          'uninitialized-stack',
          ...IN_BOUNDS,
        ),
      ];
    case 'result':
      return [
        line('r0 is set, where the program ends', 'uninitialized-register'),
        line('r0 is what this type of program may return', 'bad-return', 'pointer-leak'),
        line('all that was acquired has been given back', 'unreleased-reference', 'locked'),
      ];
  }
}

/** Requirements of all instructions of a program. One that cannot be decoded has that requirement alone. */
export function requirementsOfProgram(program: Program, type: VerifiedType): InstructionRequirements[] {
  const all: InstructionRequirements[] = [];
  for (let index = 0; index < program.length; ) {
    try {
      const instruction = decode(program, index);
      const requirements = requirementsOf(instruction, type).flatMap((one) => wordsOf(one, type));
      all.push({ index, text: describe(instruction), requirements });
      index += slotsOf(instruction);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      all.push({ index, text: '', requirements: [line('it is an instruction', KINDS[error.kind])] });
      index++;
    }
  }
  return all;
}
