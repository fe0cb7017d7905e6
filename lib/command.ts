/**
 * What the command and the benchmarks need besides the published faces: engines by their parts, compilers, batches.
 * Not published; may change at any time.
 */

export { formsOf, RecentPackets } from './capture/index.js';
export { PACKET_TYPES, type PacketType } from './dissect/index.js';
export * as ebpf from './ebpf/index.js';
export { type HookName, isElf, ObjectError, type SourceLine } from './elf/index.js';
export {
  AUTO,
  type BuildHook,
  buildC,
  buildObject,
  defaultEngine,
  engineOf,
  type Json,
  LIFTED_ENGINES,
  type Load,
  type LoadedMap,
  type LoadedObject,
  type LoadedProgram,
  type Loader,
  type LoadObjectOptions,
  lift,
  loaderWithReserve,
  loadObject,
  MapValueError,
  NO_LOADER,
  VerificationError,
} from './engine/index.js';
export { blankComments, bodyOf, kernelProgram, selectWith, withReadyMade } from './filter/index.js';
export { addressesOfHosts } from './host/index.js';
export {
  bodyBatch,
  classicBatch,
  compileEbpf,
  ebpfBatch,
  extendedBody,
  filterText,
  type RowProgram,
  rowAccelerator,
} from './jit/index.js';
export {
  type AttachedFilter,
  type AttachedObject,
  type Attachment,
  attachFilter,
  attachObject,
  detach,
  KERNEL_TEST,
  KernelError,
  listAttached,
} from './kernel/index.js';
export { LIFT_FORMS, type LiftForm, liftTraced, type TracedLift } from './lift/index.js';
export {
  type DeviceFilter,
  describeDevice,
  links,
  PacedSink,
  recordsOf,
  TIME_STAMP_TYPES,
  type TimeStampType,
} from './live/index.js';
export { LINUX_SLL2, SNAP_LENGTH } from './names/index.js';
export { PASS_NAMES as OPTIMIZER_PASSES } from './optimize/index.js';
export { rulesAccelerator } from './rules/index.js';
export { maxCapturedLength, type PacketTest } from './savefile/index.js';
export {
  type Follower,
  firstPacketOf,
  ioError,
  joinedSource,
  openSavefile,
  type Segment,
  type SegmentResult,
  SegmentWalker,
} from './savefile/node.js';
export {
  buildIndex,
  FollowingIndex,
  indexPathOf,
  openIndex,
  type SeekIndex,
  type SeekSource,
  seekSource,
} from './seek/index.js';
export {
  byFile,
  checkParts,
  collect,
  contentsOf,
  cutIntoShards,
  failureOf,
  type Gap,
  type LoadedPlan,
  type MergedFile,
  plannedFile,
  readPlan,
  readReceipt,
  runShard,
  ShardError,
  writePlan,
} from './shard/index.js';
export { closest, renderSpan } from './source.js';
export {
  type Complexity,
  type ExplainedRejection,
  explain,
  type InstructionRequirements,
  type LogLevel,
  requirementsOfProgram,
  type VerifyOptions,
  verify,
  verifyLogged,
} from './verify/index.js';
