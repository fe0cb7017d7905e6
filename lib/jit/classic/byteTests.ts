/**
 * Finds tests that can look at a packet's bytes one by one: the block ends by comparing what it has just
 * loaded with a constant, and nobody needs the value later.
 *
 * Most packets fail a test at its first byte, so that the others need not be read nor put together.
 */

import { opcodes, type Personality, type Program, specialLoad } from '../../cbpf/index.js';
import { reversePostorder } from '../../graph.js';
import type { Flow } from './flow.js';

const { ABS, ALU, IND, JEQ, JMP, JSET, LD, MISC, RET, ST } = opcodes;

/** Blocks whose value loaded last is needed only by the test at their end. */
export function byteTests(program: Program, flow: Flow, personality: Personality): ReadonlySet<number> {
  const needed = blocksNeedingA(program, flow, personality);
  const found = new Set<number>();
  flow.blocks.forEach(({ start, end, successors }, node) => {
    const [load, jump] = [program[end - 2], program[end - 1]!];
    if (end - start < 2 || load === undefined || !opcodes.isConditional(jump.code)) return;
    const operation = opcodes.operationOf(jump.code);
    if (opcodes.usesX(jump.code) || (operation !== JEQ && operation !== JSET)) return;
    if (opcodes.classOf(load.code) !== LD || specialLoad(load, personality) !== undefined) return;
    const mode = opcodes.modeOf(load.code);
    if (mode !== ABS && mode !== IND) return;
    if (!successors.some((next) => needed.has(next))) found.add(node);
  });
  return found;
}

/** Blocks that may use the accumulator they are entered with. */
function blocksNeedingA(program: Program, flow: Flow, personality: Personality): ReadonlySet<number> {
  const effects = flow.blocks.map(({ start, end }) => {
    for (const instruction of program.slice(start, end)) {
      const special = specialLoad(instruction, personality) !== undefined;
      if (special || readsA(instruction.code)) return 'reads';
      if (writesA(instruction.code)) return 'writes';
    }
    return 'neither';
  });
  const needed = new Set<number>();
  const { nodes } = reversePostorder(flow);
  for (let before = -1; before !== needed.size; ) {
    before = needed.size;
    for (const node of nodes.toReversed()) {
      const passesOn = effects[node] === 'neither' && flow.successors(node).some((next) => needed.has(next));
      if (effects[node] === 'reads' || passesOn) needed.add(node);
    }
  }
  return needed;
}

function readsA(code: number): boolean {
  switch (opcodes.classOf(code)) {
    case ST:
    case ALU:
      return true;
    case JMP:
      return opcodes.isConditional(code);
    case RET:
      return code === (RET | opcodes.A);
    case MISC:
      return opcodes.operationOf(code) !== opcodes.TXA;
    default:
      return false;
  }
}

const writesA = (code: number): boolean =>
  opcodes.classOf(code) === LD ||
  (opcodes.classOf(code) === MISC && opcodes.operationOf(code) === opcodes.TXA);
