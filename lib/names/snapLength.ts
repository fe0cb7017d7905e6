/** Bytes that tcpdump keeps of a packet unless told otherwise: libpcap's MAXIMUM_SNAPLEN. */
export const SNAP_LENGTH = 262_144;
