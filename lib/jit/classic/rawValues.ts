/**
 * Finds loads whose bytes need not be put into network order, because the value is only compared with
 * constants: the constants are swapped instead, once, when compiling.
 *
 * A web is everything that shares a value in A: loads that define it, masks that change it, tests that
 * use it. When all of a web's loads have one size and nothing but tests for equality or bits and masks
 * with constants uses it, the web works on bytes as they lie in memory. A zero at the start fits any.
 */

import { opcodes, type Personality, type Program, specialLoad } from '../../cbpf/index.js';
import { reversePostorder } from '../../graph.js';
import type { Flow } from './flow.js';

const { ABS, ALU, AND, IND, JEQ, JMP, JSET, LD, MISC, OR, RET, ST, XOR } = opcodes;

/** By instruction that loads, masks or tests a raw value: the size of the value, 2 or 4. */
export type RawSizes = ReadonlyMap<number, 2 | 4>;

/** The constant as it must be for a raw value; what no value of the size equals stays as it is. */
export function swappedConstant(k: number, size: 2 | 4): number {
  if (size === 2) return k > 0xffff ? k : ((k & 0xff) << 8) | (k >>> 8);
  return ((k << 24) | ((k & 0xff00) << 8) | ((k >>> 8) & 0xff00) | (k >>> 24)) >>> 0;
}

/** The mask of a raw value: bits above its size meet only zeros. */
export const swappedMask = (k: number, size: 2 | 4): number =>
  swappedConstant(size === 2 ? k & 0xffff : k, size);

const ENTRY = -1;

export function rawValues(program: Program, flow: Flow, personality: Personality): RawSizes {
  const parent = new Map<number, number>();
  const find = (definition: number): number => {
    let root = definition;
    for (let up = parent.get(root); up !== undefined && up !== root; up = parent.get(root)) root = up;
    parent.set(definition, root);
    return root;
  };
  const join = (a: number, b: number): void => {
    parent.set(find(a), find(b));
  };
  const spoiled = new Set<number>();
  /** Of each web's members: the load sizes, and the instructions that work on it. */
  const sizes: { readonly definition: number; readonly size: 2 | 4 }[] = [];
  const users: { readonly definition: number; readonly index: number }[] = [];

  const reaching: (ReadonlySet<number> | undefined)[] = flow.blocks.map(() => undefined);
  reaching[0] = new Set([ENTRY]);
  const { nodes } = reversePostorder(flow);
  const visit = (node: number, record: boolean): ReadonlySet<number> => {
    let current: ReadonlySet<number> = reaching[node]!;
    const { start, end } = flow.blocks[node]!;
    for (let index = start; index < end; index++) {
      const instruction = program[index]!;
      const role = roleOf(instruction, specialLoad(instruction, personality) !== undefined);
      if (record && role.reads !== 'no') {
        const [first, ...others] = current;
        for (const other of others) join(first!, other);
        if (role.reads === 'badly') spoiled.add(first!);
        else users.push({ definition: first!, index });
        if (role.masks) join(first!, index);
      }
      if (role.writes) {
        if (record && role.size !== undefined) {
          sizes.push({ definition: index, size: role.size });
          users.push({ definition: index, index });
        } else if (record && !role.masks) spoiled.add(index);
        current = new Set([index]);
      }
    }
    return current;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of nodes) {
      const after = visit(node, false);
      for (const next of flow.successors(node)) {
        const before = reaching[next];
        const merged = before === undefined ? after : new Set([...before, ...after]);
        if (before !== undefined && merged.size === before.size) continue;
        reaching[next] = merged;
        changed = true;
      }
    }
  }
  for (const node of nodes) visit(node, true);

  const bad = new Set([...spoiled].map(find));
  const sizeOfWeb = new Map<number, 2 | 4>();
  for (const { definition, size } of sizes) {
    const root = find(definition);
    if ((sizeOfWeb.get(root) ?? size) !== size) bad.add(root);
    sizeOfWeb.set(root, size);
  }
  for (const { definition, index } of users) {
    const { code, k } = program[index]!;
    const grows = opcodes.classOf(code) === ALU && opcodes.operationOf(code) !== AND && k > 0xffff;
    if (grows && sizeOfWeb.get(find(definition)) === 2) bad.add(find(definition));
  }
  const result = new Map<number, 2 | 4>();
  for (const { definition, index } of users) {
    const root = find(definition);
    const size = sizeOfWeb.get(root);
    if (size !== undefined && !bad.has(root)) result.set(index, size);
  }
  return result;
}

interface Role {
  readonly reads: 'no' | 'well' | 'badly';
  readonly writes: boolean;
  /** Changes the value and leaves it in the web. */
  readonly masks: boolean;
  /** Of a load that may stay raw. */
  readonly size: 2 | 4 | undefined;
}

const role = (reads: Role['reads'], writes: boolean, size?: 2 | 4): Role => ({
  reads,
  writes,
  masks: false,
  size,
});

function roleOf({ code }: { readonly code: number }, special: boolean): Role {
  const operation = opcodes.operationOf(code);
  switch (opcodes.classOf(code)) {
    case LD: {
      if (special) return role('badly', true);
      const mode = opcodes.modeOf(code);
      const size = opcodes.sizeOf(code);
      const isPacket = mode === ABS || mode === IND;
      return isPacket && size !== 1 ? role('no', true, size) : role('no', true);
    }
    case ALU:
      if (!opcodes.usesX(code) && (operation === AND || operation === OR || operation === XOR))
        return { reads: 'well', writes: true, masks: true, size: undefined };
      return role('badly', true);
    case JMP:
      if (!opcodes.isConditional(code)) return role('no', false);
      return role(
        !opcodes.usesX(code) && (operation === JEQ || operation === JSET) ? 'well' : 'badly',
        false,
      );
    case ST:
      return role('badly', false);
    case RET:
      return role(code === (RET | opcodes.A) ? 'badly' : 'no', false);
    case MISC:
      return operation === opcodes.TXA ? role('no', true) : role('badly', false);
    default:
      return role(special ? 'badly' : 'no', false);
  }
}
