/**
 * What a program does first: find headers whose place the packet itself tells, and keep their offsets in
 * scratch cells. Only what the rest of the program asks for is computed.
 *
 * libpcap: `insert_compute_vloffsets` and the `gen_load_…_llprefixlen` family.
 */

import { opcodes } from '../cbpf/index.js';
import type { Block, Statement } from '../cfg/index.js';
import { addFragment, type FragmentBlock, type FragmentTarget, lower } from './condition.js';
import type { Context } from './context.js';
import type { RadioHeader } from './link.js';
import { compare } from './load.js';

const {
  ABS,
  ADD,
  ALU,
  AND,
  B,
  IMM,
  IND,
  JEQ,
  JMP,
  JSET,
  K,
  LD,
  LDX,
  LSH,
  MEM,
  MISC,
  OR,
  ST,
  TAX,
  TXA,
  W,
  X,
} = opcodes;

/**
 * Puts the computation of header offsets before `entry`; returns where the program then starts.
 *
 * The cells are those of the headers in force at the *end* of the expression. Inside a tunnel these are
 * the tunnel's, so that tests of the outer headers of a frame of varying length find zero there: libpcap
 * defines `geneve` and `vxlan` on 802.11 so.
 */
export function prologue(context: Context, blocks: Block[], entry: number, reject: number): number {
  const { row } = context.outermost;
  const { link, payload } = context.headers;
  context.at({ start: 0, end: 0 });
  if (payload.slot?.cell !== undefined && link.slot !== undefined) context.cellOf(link.slot);
  const fragments: FragmentBlock[] = [];
  const radio = link.slot?.cell === undefined ? undefined : row.radio;
  if (radio !== undefined) {
    context.unoptimized ||= radio === 'prism';
    const blocks = radioLength(radio, link.slot!.cell!);
    const last = blocks.at(-1)!;
    const next = payload.slot?.cell === undefined ? 'true' : blocks.length;
    fragments.push(...blocks.slice(0, -1), onward(last.statements, next));
  }
  if (payload.slot?.cell !== undefined) {
    const cell = payload.slot.cell;
    // libpcap's optimizer leaves programs alone that jump within their prologue.
    context.unoptimized ||= row.payload === 'wlan';
    if (row.payload === 'wlan') fragments.push(...wlanLength(context, fragments.length, cell));
    if (row.payload === 'pflog') fragments.push(pflogLength(cell));
  }
  if (fragments.length === 0 && context.vlanMoves.length > 0) fragments.push(zeroedOffsets(context));
  const start = fragments.length === 0 ? entry : addFragment(blocks, fragments, entry, entry);
  // Inside something else the check is left out, as libpcap does.
  if (context.headers.row.radio !== 'ppi') return start;
  // PPI says what is inside; only 802.11 (DLT 105, little-endian) is understood.
  return lower(compare(context, 'packet', 4, 4, 0x6900_0000), start, reject, blocks);
}

const onward = (statements: readonly Statement[], target: FragmentTarget = 'true'): FragmentBlock => ({
  statements,
  exit: { kind: 'goto', target },
});

function choice(
  statements: readonly Statement[],
  op: number,
  k: number,
  onTrue: FragmentTarget,
  onFalse: FragmentTarget,
): FragmentBlock {
  return { statements, exit: { kind: 'branch', code: JMP | op | K, k, onTrue, onFalse } };
}

/** Stores the radio header's length and leaves it in X. */
function radioLength(radio: RadioHeader, cell: number): FragmentBlock[] {
  const store = [statement(ST, cell), statement(MISC | TAX)];
  switch (radio) {
    case 'prism':
      // Linux drivers put an AVS header there at times: its magic number, version aside, tells.
      return [
        choice([statement(LD | W | ABS, 0), statement(ALU | AND | K, 0xffff_f000)], JEQ, 0x8021_1000, 1, 2),
        onward([statement(LD | W | ABS, 4)], 3),
        onward([statement(LD | IMM, 144)], 3),
        onward(store),
      ];
    case 'avs':
      return [onward([statement(LD | W | ABS, 4), ...store])];
    default:
      // Radiotap and PPI: 16 bits at 2, little-endian.
      return [
        onward([
          statement(LD | B | ABS, 3),
          statement(ALU | LSH | K, 8),
          statement(MISC | TAX),
          statement(LD | B | ABS, 2),
          statement(ALU | OR | X),
          ...store,
        ]),
      ];
  }
}

const statement = (code: number, k = 0): Statement => ({ code, k: k >>> 0 });

/**
 * The length of an 802.11 data frame's header: 24, 2 more with QoS, rounded up to 4 when radiotap says that
 * the driver padded it. X is where the frame starts. `base` is the number of blocks before these.
 */
function wlanLength(context: Context, base: number, cell: number): FragmentBlock[] {
  const { link } = context.outermost;
  const start = link.slot === undefined ? [statement(LDX | IMM, link.constant)] : [];
  const to = (index: number): number => base + index;
  // Looked for in the headers in force at the end, see above.
  const padded = context.headers.row.radio === 'radiotap';
  const blocks: FragmentBlock[] = [
    choice(
      [
        ...start,
        statement(MISC | TXA),
        statement(ALU | ADD | K, 24),
        statement(ST, cell),
        statement(LD | B | IND, 0),
      ],
      JSET,
      0x08,
      to(1),
      'true',
    ),
    choice([], JSET, 0x04, 'true', to(2)),
    choice([], JSET, 0x80, to(3), padded ? to(4) : 'true'),
    onward(
      [statement(LD | MEM, cell), statement(ALU | ADD | K, 2), statement(ST, cell)],
      padded ? to(4) : 'true',
    ),
  ];
  if (!padded) return blocks;
  // Radiotap is little-endian: its bits are tested byte-swapped. First word of presence bits at 4: flags
  // (bit 1), another word (31), time stamp (0). The flags byte is at 8, or behind the time stamp at 16.
  return [
    ...blocks,
    choice([statement(LD | W | ABS, 4)], JSET, 0x0200_0000, to(5), 'true'),
    choice([], JSET, 0x0000_0080, 'true', to(6)),
    choice([], JSET, 0x0100_0000, to(7), to(8)),
    choice([statement(LD | B | ABS, 16)], JSET, 0x20, to(9), 'true'),
    choice([statement(LD | B | ABS, 8)], JSET, 0x20, to(9), 'true'),
    onward([
      statement(LD | MEM, cell),
      statement(ALU | ADD | K, 3),
      statement(ALU | AND | K, 0xffff_fffc),
      statement(ST, cell),
    ]),
  ];
}

/** The first byte is the header's length without its padding to 4. */
function pflogLength(cell: number): FragmentBlock {
  return onward([
    statement(LD | B | ABS, 0),
    statement(ALU | ADD | K, 3),
    statement(ALU | AND | K, 0xffff_fffc),
    statement(ST, cell),
    statement(MISC | TAX),
  ]);
}

/** Both offsets that a tag in the packet moves start at zero: kernels refuse cells read before written. */
function zeroedOffsets(context: Context): FragmentBlock {
  const { payload, type } = context.headers;
  // Those in force at the end, as in libpcap; where headers are put back, all that were moved.
  const slots = context.scoped ? context.vlanMoves : [payload.slot, type.slot];
  const cells = slots.flatMap((slot) => (slot === undefined ? [] : [context.cellOf(slot)]));
  return onward([statement(LD | IMM, 0), ...cells.map((cell) => statement(ST, cell))]);
}
