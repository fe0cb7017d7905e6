/** Test support: display filters over the fields that can be translated, and the installed tshark as their judge. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Packet } from '../index.js';
import type { Random } from './random.js';
import { pcapFile } from './tcpdump.js';

export interface FieldForm {
  readonly name: string;
  readonly isNumber: boolean;
  /** Largest number. */
  readonly max: number;
  /** Values that packets have, as Wireshark writes them. */
  readonly values: readonly string[];
}

const OPERATORS = ['==', '!=', 'in', '!==', '==='];
const ORDERED = [...OPERATORS, '<', '<=', '>', '>=', '&'];
const one = <T>(random: Random, list: readonly T[]): T => list[random(list.length)]!;

function testOf(random: Random, { name, isNumber, max, values }: FieldForm): string {
  const value = (): string =>
    values.length > 0 && (!isNumber || random(4) > 0)
      ? one(random, values)
      : `${random(Math.min(max, 300) + 1)}`;
  if (random(8) === 0) return name;
  const operator = one(random, isNumber ? ORDERED : OPERATORS);
  if (operator === 'in') return `${name} in {${value()}, ${value()}}`;
  if (operator === '&') return max > 1 ? `${name} & ${1 << random(5)}` : name;
  return `${name} ${operator} ${value()}`;
}

/** A filter of some depth: tests, protocols, `and`, `or`, `not`. */
export function displayFilter(
  random: Random,
  fields: readonly FieldForm[],
  protocols: readonly string[],
  depth: number,
): string {
  const below = (): string => displayFilter(random, fields, protocols, depth - 1);
  if (depth === 0 || random(3) === 0)
    return random(8) === 0 ? one(random, protocols) : testOf(random, one(random, fields));
  return random(4) === 0 ? `not (${below()})` : `(${below()}) ${one(random, ['and', 'or'])} (${below()})`;
}

/**
 * Which packets each filter selects, by their numbers from 1; `undefined` for what tshark does not take. One run for all
 * of them: a tap for each.
 */
export function selectedByTshark(
  packets: readonly Packet[],
  filters: readonly string[],
  linkType = 1,
): (ReadonlySet<number> | undefined)[] {
  const folder = mkdtempSync(join(tmpdir(), 'weir-display-'));
  try {
    const [capture, script, answers] = ['all.pcap', 'taps.lua', 'answers'].map((name) => join(folder, name));
    // Times do not matter, and those of damaged captures are none.
    const timeless = packets.map((packet) => Object.assign(packet.copy(), { seconds: 0, nanoseconds: 0 }));
    writeFileSync(capture!, pcapFile(timeless, linkType));
    writeFileSync(
      script!,
      `local out = io.open(${JSON.stringify(answers)}, "w")
for i, filter in ipairs({${filters.map((filter) => JSON.stringify(filter)).join(',')}}) do
  local taken, tap = pcall(Listener.new, "frame", filter)
  if taken then
    local list = {}
    function tap.packet(info) list[#list + 1] = info.number end
    function tap.draw() out:write(i, " ", table.concat(list, " "), "\\n") out:flush() end
  end
end`,
    );
    spawnSync('tshark', ['-n', '-q', '-r', capture!, '-X', `lua_script:${script}`], { stdio: 'ignore' });
    const found = new Array<ReadonlySet<number> | undefined>(filters.length).fill(undefined);
    for (const line of readFileSync(answers!, 'utf8').split('\n').filter(Boolean)) {
      const [place, ...numbers] = line.split(' ').filter(Boolean).map(Number);
      found[place! - 1] = new Set(numbers);
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
