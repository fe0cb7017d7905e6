/** Seeing what a filter does: why a packet matched. */

export { type ExplainedPacket, explain } from './explain.js';
export type { ChangedPart, Part, Reason, ReasonPart } from './reason.js';
export { placeText, reasonText } from './reasonText.js';
