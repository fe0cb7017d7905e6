/** What the kernel tells of programs, maps and links, and of the machine. */

import { readFileSync } from 'node:fs';
import { type Bpf, COMMAND } from './bpf.js';

/** The first bytes of `struct bpf_prog_info`, `bpf_map_info` or `bpf_link_info`. @throws KernelError */
export function factsOf(bpf: Bpf, file: number, size: number): Buffer {
  const facts = Buffer.alloc(size);
  const attribute = bpf.attribute().u32(0, file).u32(4, size).address(8, facts);
  bpf.call(COMMAND.infoByFile, 'asking for facts', attribute);
  return facts;
}

/** Values of a map by processor are for all that there may be: `0-3,8`. */
export function possibleProcessors(): number {
  const text = readFileSync('/sys/devices/system/cpu/possible', 'latin1');
  return Number(/\d+$/.exec(text.trim())?.[0] ?? 0) + 1;
}
