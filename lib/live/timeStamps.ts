/** What stamps packets: the kernel, or the device's own clock, where it has one (libpcap pcap_set_tstamp_type(3PCAP)). */

import type { TimeStampType } from './device.js';
import { ethtool } from './links.js';

// linux/ethtool.h, linux/net_tstamp.h
const GET_TIME_STAMP_INFO = 0x41;
/** struct ethtool_ts_info: command, SOF_TIMESTAMPING_ bits, clock, and what it stamps of what is sent and received. */
const INFO_SIZE = 44;
const [CAPABILITIES_AT, RECEIVED_AT] = [4, 28];
const SOFTWARE = 1 << 3;
/** Bits of those capabilities, and of what a packet socket is asked for (PACKET_TIMESTAMP). */
export const HARDWARE_STAMPS = { adapter: 1 << 5, adapter_unsynced: 1 << 6 } as const;
const ALL_PACKETS = 1 << 1;

/** What can stamp a device's packets. Where the kernel does not say, and for `any`, the host alone. */
export function timeStampTypes(device: string): readonly TimeStampType[] {
  const info = Buffer.alloc(INFO_SIZE);
  info.writeUInt32LE(GET_TIME_STAMP_INFO, 0);
  if (device === 'any' || !ethtool(device, info)) return ['host'];
  return typesOf(info.readUInt32LE(CAPABILITIES_AT), info.readUInt32LE(RECEIVED_AT));
}

/**
 * Types by what a driver says of itself. Clocks that stamp some packets only, as those of PTP, are of no use.
 *
 * @param capabilities - SOF_TIMESTAMPING_ bits.
 * @param received - HWTSTAMP_FILTER_ bits.
 */
export function typesOf(capabilities: number, received: number): readonly TimeStampType[] {
  if ((received & ALL_PACKETS) === 0) return ['host'];
  const offered: TimeStampType[] = (capabilities & SOFTWARE) === 0 ? [] : ['host'];
  for (const type of ['adapter', 'adapter_unsynced'] as const)
    if ((capabilities & HARDWARE_STAMPS[type]) !== 0) offered.push(type);
  return offered.length === 0 ? ['host'] : offered;
}
