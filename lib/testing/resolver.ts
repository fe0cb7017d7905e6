/** Test support: name databases as a row of the vectors had them. */

import type { Resolver } from '../names/index.js';

export type Lookup = readonly [database: string, ...key: string[], answer: unknown];

/** Answers what the row's name databases answered, and nothing else. */
export function resolverOf(lookups: readonly Lookup[] = []): Resolver {
  const answers = new Map(
    lookups.map((lookup) => [lookup.slice(0, -1).join(' '), lookup.at(-1) ?? undefined]),
  );
  return {
    service: (name, transport) => answers.get(`services ${name} ${transport}`) as number | undefined,
    protocol: (name) => answers.get(`protocols ${name}`) as number | undefined,
    hosts: (name) => answers.get(`hosts ${name}`) as readonly string[] | undefined,
    network: (name) => answers.get(`networks ${name}`) as string | undefined,
    ether: (name) => answers.get(`ethers ${name}`) as string | undefined,
  };
}
