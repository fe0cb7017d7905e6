/**
 * Names of hosts from name servers, asked before compiling, so that `compile` stays pure and synchronous.
 *
 * The expression is parsed, names of hosts that the resolver does not know are looked up, all at once, and
 * the answers are put in front of it. What is found nowhere is reported by `compile`, with its place.
 */

import { expressionsBeside } from '../filter/index.js';
import { firstOf, type Resolver } from '../names/index.js';
import { FilterError } from '../source.js';
import { hostNames, parse } from '../syntax/index.js';
import { systemResolver } from './databases.js';

/** Asks for all addresses of a host, IPv4 and IPv6, as text; none where it is unknown. */
export type HostLookup = (name: string) => Promise<readonly string[]>;

/** Whom to ask for names. */
export interface LookUpOptions {
  /** Asked first, and for everything but hosts. The system's databases by default. */
  readonly resolver?: Resolver | undefined;
  /** By default the system's `getaddrinfo()`, as libpcap uses it. */
  readonly lookup?: HostLookup | undefined;
  /** The expression that `@name` stands for; asked before the ready-made filters. */
  readonly namedFilters?: ((name: string) => string | undefined) | undefined;
}

/**
 * A resolver that knows the hosts which an expression names.
 *
 * @example
 * const filter = compile(expression, { resolver: await lookUpHosts(expression) });
 */
export async function lookUpHosts(expression: string, options: LookUpOptions = {}): Promise<Resolver> {
  const { resolver = systemResolver() } = options;
  const addresses = await addressesOfHosts(expression, options);
  return addresses.size === 0 ? resolver : firstOf(resolver, { hosts: (name) => addresses.get(name) });
}

/** The answers alone, for hosts that the resolver does not know: plain data, to hand to other threads. */
export async function addressesOfHosts(
  expression: string,
  options: LookUpOptions = {},
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { resolver = systemResolver(), lookup = askSystem } = options;
  const unknown = namesIn(expression, options).filter((name) => resolver.hosts(name) === undefined);
  const answers = await Promise.all(unknown.map(async (name) => [name, await lookup(name)] as const));
  return new Map(answers.filter(([, addresses]) => addresses.length > 0));
}

function namesIn(expression: string, { namedFilters }: LookUpOptions): string[] {
  try {
    return hostNames(parse(expression, { namedFilters: expressionsBeside(namedFilters) }));
  } catch (error) {
    if (error instanceof FilterError) return []; // compile tells of it
    throw error;
  }
}

const askSystem: HostLookup = async (name) => {
  const { lookup } = await import('node:dns/promises');
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  } catch {
    return []; // not found, or nobody to ask
  }
};
