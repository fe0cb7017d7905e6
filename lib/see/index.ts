/** Seeing what a filter does: why a packet matched. */

export { type Description, describe, descriptionText } from './describe/describe.js';
export { toDot } from './dot.js';
export { type ExplainedPacket, explain } from './explain.js';
export {
  type Counts,
  type FlowEdge,
  type FlowGraph,
  type FlowNode,
  flowGraph,
  flowGraphOfEbpf,
  type Words,
} from './flow.js';
export { type Layout, layOut } from './layout.js';
export type { Box, Way } from './place.js';
export {
  createProfiler,
  type InstructionProfile,
  type Profile,
  type ProfileOptions,
  type Profiler,
  profileText,
  type WordsProfile,
} from './profile.js';
export { createEbpfProfiler, type EbpfProfiler } from './profileEbpf.js';
export type { ChangedPart, Part, Reason, ReasonPart } from './reason.js';
export { placeText, reasonText } from './reasonText.js';
export { toSvg } from './svg.js';
