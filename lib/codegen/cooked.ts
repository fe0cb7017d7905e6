/**
 * Filters for cooked packets, which the kernel has not got their header yet: where a program for LINUX_SLL2 asks for
 * a field of that header, it asks the kernel instead (libpcap pcap-linux.c, fix_program() and fix_offset()).
 */

import { opcodes, SKF_AD, SKF_AD_OFF, SKF_LL_OFF } from '../cbpf/index.js';
import type { Graph, Statement } from '../cfg/index.js';

const { ABS, classOf, IND, LD, LDX, LEN, modeOf, MSH, sizeOf } = opcodes;

/** LINKTYPE_LINUX_SLL2, bytes: protocol 0-1, reserved 2-3, interface 4-7, ARPHRD type 8-9, packet type 10, ... */
const HEADER = 20;
/** Fields that the kernel tells, with the number that it has for them (linux/filter.h, SKF_AD_). */
const FIELDS: readonly { readonly at: number; readonly size: number; readonly number: number }[] = [
  { at: 0, size: 2, number: SKF_AD.protocol },
  { at: 4, size: 4, number: SKF_AD.interfaceIndex },
  { at: 10, size: 1, number: SKF_AD.packetType },
];

/**
 * The graph as the kernel has to run it; `undefined` where it asks for what the kernel does not tell, or for the
 * length, which is that of the packet without the header there.
 *
 * @param graph - As it was generated: once loads are optimized, an offset need not show what field it is in.
 */
export function withoutCookedHeader(graph: Graph): Graph | undefined {
  let fits = true;
  const moved = (statement: Statement): Statement => {
    const { code, k } = statement;
    if (classOf(code) !== LD && classOf(code) !== LDX) return statement;
    const mode = modeOf(code);
    if (mode === LEN) fits = false;
    // What is there already is not of the header.
    if ((mode !== ABS && mode !== IND && mode !== MSH) || k >= SKF_LL_OFF) return statement;
    if (k >= HEADER) return { ...statement, k: k - HEADER };
    const field = FIELDS.find(({ at, size }) => mode === ABS && at === k && size === sizeOf(code));
    if (field === undefined) {
      fits = false;
      return statement;
    }
    return { ...statement, k: SKF_AD_OFF + field.number };
  };
  const blocks = graph.blocks.map(({ statements, exit }) => ({ statements: statements.map(moved), exit }));
  return fits ? { ...graph, blocks } : undefined;
}
