/** Calls of global functions, and where they begin. Linux `btf_prepare_func_args`, `check_func_call`. */

import { givenMemory, type Parameter, voidsPacket } from '../rules/globals.js';
import type { FunctionInfo } from '../rules/options.js';
import { newFrame, type State } from '../state/state.js';
import { ANY_NUMBER, NONE, pointer, type Value } from '../state/value.js';
import { useBuffer } from './buffers.js';
import { forgetPacket } from './packets.js';
import type { Path } from './path.js';

/** Calls a global function: what it does to memory that it is given is not known, what it gives is any number. */
export function callGlobal(path: Path, entry: number, { parameters = [] }: FunctionInfo): void {
  for (const [at, kind] of parameters.entries()) {
    if (typeof kind === 'string') continue;
    const buffer = { value: givenMemory(path.value(at + 1)), register: at + 1, size: kind.bytes };
    useBuffer(path, { ...buffer, use: 'read' });
    useBuffer(path, { ...buffer, use: 'write' });
  }
  path.globals.add(entry);
  path.marks.special = 'global';
  const { registers } = path.frame;
  for (let register = 1; register <= 5; register++) registers[register] = NONE;
  registers[0] = ANY_NUMBER;
  if (voidsPacket(path, entry)) forgetPacket(path, path.state);
}

/** What holds where a global function begins. */
export function stateOfGlobal(path: Path, entry: number, { parameters = [] }: FunctionInfo): State {
  const frame = newFrame(0, -1, entry);
  for (const [at, kind] of parameters.entries()) {
    frame.registers[at + 1] = parameterValue(path, kind);
  }
  return { frames: [frame], loops: 0, rounds: 0, references: [], lock: undefined };
}

function parameterValue(path: Path, kind: Parameter): Value {
  if (kind === 'context') return pointer('context');
  if (kind === 'number' || kind === 'other') return ANY_NUMBER;
  const size = kind.bytes;
  return kind.isThere === true
    ? pointer('record', { size })
    : pointer('recordOrNull', { size, id: path.newId() });
}
