/**
 * Capture files, the half that needs Node: files, pipes, compression, pcap-parser.
 */

export { FileSink, type Follower, GatheringSink, ManyFiles, openSavefile } from './file.js';
export { ioError } from './ioError.js';
export { PacketWriter } from './packetWriter.js';
export { fromPcapParser, type PcapParser, type PcapParserHeader } from './pcapParser.js';
export {
  firstPacketOf,
  type JoinOptions,
  joinedSource,
  type Segment,
  type SegmentResult,
  SegmentWalker,
  type Walked,
  type WalkSegment,
} from './segments.js';
