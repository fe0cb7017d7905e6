/** What runs a program: the engines by name, and the eBPF ones behind their verifier. */

export {
  AUTO,
  type Load,
  type Loader,
  loadAuto,
  loadOnce,
  NO_LOADER,
  type Scanning,
  scansInBatches,
} from './auto.js';
export {
  defaultEngine,
  ENGINES,
  type Engine,
  EngineError,
  type EngineName,
  engineOf,
  loaderOf,
  loaderWithReserve,
} from './engines.js';
export {
  admit,
  type ExtendedOptions,
  lift,
  liftProved,
  loadEbpf,
  VerificationError,
  type VerifiedLiftOptions,
} from './extended.js';
