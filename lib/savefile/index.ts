/**
 * Capture files, the half that runs anywhere: pcap and pcapng read from chunks of bytes, scanned,
 * and written. The half that needs Node is node.ts.
 */

export type { Accelerator, RecordLayout, RecordRun, RecordWalk, Taking, WalkState } from './accelerator.js';
export { blockLeast, ENHANCED_PACKET, SIMPLE_PACKET } from './blocks.js';
export { PacketTime, type Step } from './container.js';
export { CaptureError, type CaptureErrorCode, type CaptureErrorOptions } from './error.js';
export { FollowingScan } from './follow.js';
export { LocatedCapture } from './located.js';
export { decompressLz4 } from './lz4.js';
export { OPTION, type Option, optionText, optionTexts, readOptions, textOption } from './options.js';
export { type CaptureInterface, maxCapturedLength, Packet } from './packet.js';
export { packetSelector } from './packetSelector.js';
export {
  Capture,
  type ReadOptions,
  readCapture,
  type ScanOptions,
  type Selection,
} from './reader.js';
export type { Compression } from './recognise.js';
export type { PacketTest, Select } from './scan.js';
export type { Sink } from './sink.js';
export type { Chunks, Source } from './source.js';
export type { Choice, Choose, Part } from './split.js';
export { type Encoder, PcapEncoder, PcapngEncoder, type PcapngOptions, type PcapOptions } from './writer.js';
