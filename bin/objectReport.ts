/** A rejection of a program in C: the line and the place in it, the lines that led there, what to write. */

import {
  type ExplainedRejection,
  ebpf,
  type LoadedProgram,
  renderSpan,
  type SourceLine,
} from '../lib/command.js';
import { GO_ON } from './verdicts.js';

const indent = (text: string): string => text.replace(/^/gm, '  ');
const shortName = (file: string): string => file.replace(/^.*\//, '');

/** `count.c:12:7`. */
export const placeOf = ({ file, line, column }: SourceLine): string =>
  `${shortName(file)}:${line}${column > 0 ? `:${column}` : ''}`;

/** The line with a mark under the place. */
export function caretLine({ text, column }: SourceLine): string {
  const start = Math.max(0, column - 1);
  const word = /^\w+/.exec(text.slice(start))?.[0] ?? '';
  return renderSpan(text, { start, end: start + Math.max(1, word.length) }, '').trimEnd();
}

export function renderObjectRejection(program: LoadedProgram, rejection: ExplainedRejection): string {
  const { kind, index, text, property, message, values, example, slice, remedy } = rejection;
  const line = program.lineOf(index);
  const head = line === undefined ? `instruction ${index}` : placeOf(line);
  const width = `${Math.max(index, ...slice.map((step) => step.index))}`.length;
  let last: SourceLine | undefined;
  const steps = [...slice, { index, text, note: '' }].flatMap((step) => {
    const here = program.lineOf(step.index);
    const isNew =
      here !== undefined && here.line > 0 && (last?.line !== here.line || last.file !== here.file);
    last = here ?? last;
    const mark = step.index === index && step.note === '' ? '  > ' : '    ';
    const row = `${mark}${`${step.index}`.padStart(width)}: ${step.text}`;
    return [
      ...(isNew ? [`  ${shortName(here.file)}:${here.line}: ${here.text.trim()}`] : []),
      step.note === '' ? row : `${row.padEnd(40)} ; ${step.note}`,
    ];
  });
  const inC = line === undefined ? '' : remedyInC(program, rejection, line);
  const lines = [
    `${head}: ${message} [${kind}: ${property}]`,
    ...(line === undefined ? [] : [indent(caretLine(line))]),
    ...steps,
    ...values.map(({ register, holds }) => `  r${register} can be: ${holds}`),
    ...(example === '' ? [] : [`  for example: ${example}`]),
    ...(remedy === '' ? [] : [`  remedy: ${remedy}`]),
    ...(inC === '' ? [] : [`  in C: ${inC}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** The pointer that a place in a line looks through: `ip` of `ip->protocol`. */
function pointerAt({ text, column }: SourceLine): string | undefined {
  const names = [...text.matchAll(/(\w+)\s*->|\*\s*(\w+)\b(?!\s*\))|(\w+)\s*\[/g)];
  const near = names.findLast(({ index }) => index <= Math.max(0, column - 1)) ?? names[0];
  return near?.[1] ?? near?.[2] ?? near?.[3];
}

/** How the source calls the packet's end. */
function endName(program: LoadedProgram): string {
  for (let slot = 0; slot < program.instructions.length; slot++) {
    const [, name] = /[^-]>=?\s*(\w*end\w*)\b/.exec(program.lineOf(slot)?.text ?? '') ?? [];
    if (name !== undefined) return name;
  }
  return 'data_end';
}

/** Numbers of `ringbuf_reserve`, and of look-ups of sockets. */
const RESERVE = 131;
const LOOK_UPS = [84, 85, 99];
/** Helpers on socket buffers, and what does the same to packets of XDP. */
const OF_THE_OTHER_HOOK: readonly (readonly [number, string])[] = [
  [9, 'bpf_xdp_store_bytes'],
  [26, 'bpf_xdp_load_bytes'],
  [38, 'bpf_xdp_adjust_tail'],
  [43, 'bpf_xdp_adjust_head'],
];
const CALL = 0x85;

/** Of some helpers those that a program calls, up to a slot. */
const calledIn = (
  { instructions }: LoadedProgram,
  helpers: readonly number[],
  from = 0,
  to = instructions.length,
): ReadonlySet<number> =>
  new Set(
    instructions
      .slice(from, to)
      .flatMap(({ opcode, src, imm }) =>
        opcode === CALL && src === 0 && helpers.includes(imm) ? [imm] : [],
      ),
  );

/** Whether the address was one of the packet before a helper was called that may move it. */
function isMoved(program: LoadedProgram, { index, slice, message }: ExplainedRejection): boolean {
  const [, register] = /^r(\d+) /.exec(message) ?? [];
  const before = slice.findLast(({ note }) => note.startsWith(`r${register} is the packet`));
  if (before === undefined) return false;
  const moving = program.instructions.flatMap(({ imm }) => (ebpf.mayMovePacket(imm) ? [imm] : []));
  return calledIn(program, moving, before.index, index).size > 0;
}

function remedyInC(program: LoadedProgram, rejection: ExplainedRejection, line: SourceLine): string {
  const { kind, message, remedy, values } = rejection;
  const pointer = pointerAt(line);
  const goOn = `return ${GO_ON[program.type]};`;
  switch (kind) {
    case 'outside-packet': {
      const end = endName(program);
      const reach = Number(/ (\d+) of the packet/.exec(message)?.[1] ?? 0) + 1;
      if (/limit the number/.test(remedy))
        return `if (length > 65535) ${goOn} first, then compare with ${end}`;
      if (pointer !== undefined && line.text.includes(`${pointer}->`))
        return `if ((void *)(${pointer} + 1) > ${end}) ${goOn}`;
      return `if (data + ${reach} > ${end}) ${goOn}`;
    }
    case 'null-pointer':
      return `if (!${pointer ?? 'value'}) ${goOn}`;
    case 'uninitialized-stack':
      return 'set all of it first, padding too: struct key key = {}; or __builtin_memset(&key, 0, sizeof(key));';
    case 'outside-map-value':
    case 'unbounded-offset': {
      const size = Number(/of (\d+) bytes/.exec(values[0]?.holds ?? '')?.[1] ?? 0);
      const indexed = /([\w.>-]*\w)\[([^\]]+)\]/;
      const here = line.text.slice(Math.max(0, line.column - 1));
      const [, array, index] = indexed.exec(here) ?? indexed.exec(line.text) ?? [];
      if (array !== undefined && index !== undefined)
        return `if (${index} >= sizeof(${array}) / sizeof(${array}[0])) ${goOn}`;
      return size === 0 ? '' : `the value has ${size} bytes: compare the offset with that first`;
    }
    case 'pointer-arithmetic': {
      if (!message.includes('packetEnd')) return '';
      const end = endName(program);
      return `leave ${end} as it is, and add to what is compared with it: if (data + … > ${end}) ${goOn}`;
    }
    case 'not-a-pointer':
      return isMoved(program, rejection)
        ? 'the call before may have moved the packet: read ctx->data and ctx->data_end again, and compare again'
        : '';
    case 'unreleased-reference': {
      const given = calledIn(program, [RESERVE, ...LOOK_UPS]);
      if (given.size === 0) return '';
      const words = [
        ...(given.has(RESERVE) ? ['bpf_ringbuf_discard(record, 0);'] : []),
        ...(LOOK_UPS.some((helper) => given.has(helper)) ? ['bpf_sk_release(sk);'] : []),
      ];
      return `${words.join(' or ')} before it ends here`;
    }
    case 'unknown-helper': {
      const { imm } = program.instructions[rejection.index]!;
      const [, other] = OF_THE_OTHER_HOOK.find(([skb]) => skb === imm) ?? [];
      return other === undefined || program.type !== 'xdp' ? '' : `programs of XDP have ${other}()`;
    }
    case 'infinite-loop':
    case 'too-complex':
      return 'give the loop a bound that can be seen: for (int i = 0; i < 16; i++)';
    default:
      return '';
  }
}
