/**
 * Weir, seeing a filter at work: why it matches a packet or does not, with the bytes and the words that decided. Runs
 * anywhere.
 *
 * @packageDocumentation
 */

export {
  type ChangedPart,
  type ExplainedPacket,
  explain,
  type Part,
  placeText,
  type Reason,
  type ReasonPart,
  reasonText,
} from './see/index.js';
