/** This machine: its names and its facts. */

export {
  readSystemDatabases,
  type SystemDatabases,
  type SystemNames,
  systemNames,
  systemResolver,
} from './databases.js';
export { type HostFact, hostFacts } from './facts.js';
export { addressesOfHosts, type HostLookup, type LookUpOptions, lookUpHosts } from './lookup.js';
