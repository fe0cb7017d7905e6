/**
 * Weir, seeing a filter at work: why it matches a packet or does not, with the bytes and the words that decided; how
 * often what ran; what an expression means in words; flow graphs of programs and pictures of them. Runs anywhere.
 *
 * @packageDocumentation
 */

export {
  type Box,
  type ChangedPart,
  type Counts,
  createEbpfProfiler,
  createProfiler,
  type Description,
  describe,
  descriptionText,
  type EbpfProfiler,
  type ExplainedPacket,
  explain,
  type FlowEdge,
  type FlowGraph,
  type FlowNode,
  flowGraph,
  flowGraphOfEbpf,
  type InstructionProfile,
  type Layout,
  layOut,
  type Part,
  type Profile,
  type ProfileOptions,
  type Profiler,
  placeText,
  profileText,
  type Reason,
  type ReasonPart,
  reasonText,
  toDot,
  toSvg,
  type Way,
  type Words,
  type WordsProfile,
} from './see/index.js';
