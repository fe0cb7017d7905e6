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
export { type Engine, EngineError, type EngineName } from './engine.js';
export {
  defaultEngine,
  ENGINES,
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
export { LIFTED_ENGINES } from './liftedEngines.js';
export { type LoadedObject, LoadedProgram, type LoadObjectOptions, loadObject } from './object.js';
export {
  type BuildHook,
  type BuildObjectOptions,
  type BuildSource,
  type BuiltObject,
  buildC,
  buildObject,
} from './objectBuild.js';
export { LoadedMap } from './objectMaps.js';
export { type Json, MapValueError } from './objectValues.js';
