/** This machine: its names, its facts, and the ready-made filters installed with Weir. */

export { blankComments, type ReadyMadeFilter, readyMadeExpression, readyMadeFilters } from './catalogue.js';
export {
  readSystemDatabases,
  type SystemDatabases,
  type SystemNames,
  systemNames,
  systemResolver,
} from './databases.js';
export { type HostFact, hostFacts } from './facts.js';
export { addressesOfHosts, type HostLookup, type LookUpOptions, lookUpHosts } from './lookup.js';
