/**
 * Weir, the face that runs anywhere: expressions, filters, captures read and written, packets as text. Uses no Node
 * API; what needs Node is in `weir-bpf/node`, the machines are in `weir-bpf/cbpf` and `weir-bpf/ebpf`.
 *
 * @packageDocumentation
 */

export {
  type Answer,
  disjoint,
  type Equivalence,
  type EquivalenceOptions,
  equivalent,
  implies,
} from './ask/index.js';
export type { Lint } from './codegen/index.js';
export { createPrinter, type Printer, type PrinterOptions } from './dissect/index.js';
export { ENGINES, type Engine, EngineError, type EngineName } from './engine/index.js';
export {
  type CompileOptions,
  compile,
  describeLinkType,
  type ExplainedStep,
  type Explanation,
  Filter,
  helpedLint as lint,
  LinkFilter,
  type PacketSource,
  type ReadyMadeFilter,
  readyMadeFilters,
  selectionOf,
} from './filter/index.js';
export {
  type FlowBeginning,
  FlowKey,
  type FlowOptions,
  type FlowSelect,
  type FlowSelectOptions,
  FlowTable,
  FlowTracker,
  MatchedFlows,
  NO_FLOW,
} from './flows/index.js';
export { builtinResolver, firstOf, LINK_TYPES, type LinkType, type Resolver } from './names/index.js';
export { compileRules, type FilterRule, LinkRules, type Rule, RuleError, RuleSet } from './rules/index.js';
export {
  Capture,
  CaptureError,
  type CaptureErrorCode,
  type CaptureInterface,
  type Chunks,
  type Encoder,
  OPTION,
  type Option,
  optionText,
  Packet,
  type PacketTest,
  PacketTime,
  type Part,
  PcapEncoder,
  PcapngEncoder,
  type PcapngOptions,
  type PcapOptions,
  packetSelector,
  type ReadOptions,
  readCapture,
  type ScanOptions,
  type Select,
  type Selection,
  type Sink,
  textOption,
} from './savefile/index.js';
export { FilterError, type Span } from './source.js';
