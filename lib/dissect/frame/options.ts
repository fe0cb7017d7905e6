/**
 * What a caller may ask of the printer: tcpdump's printing options, by what they do.
 */

export interface PrinterOptions {
  /** `-n`: numbers for addresses and ports. Default true, as no resolver is given by default. */
  readonly numeric?: boolean;
  /** `-N`: host names without their domain. */
  readonly shortHostNames?: boolean;
  /** Name of a port where `numeric` is false; `undefined` prints the number. Asked once a port. */
  readonly serviceName?: (port: number, protocol: 'tcp' | 'udp') => string | undefined;
  /** Name of a host (4 or 16 address bytes) where `numeric` is false; `undefined` prints the number. */
  readonly hostName?: (address: Uint8Array) => string | undefined;
  /** Name of an interface of this host, for LINUX_SLL2, which records the index; `undefined` prints `?`. */
  readonly interfaceName?: (index: number) => string | undefined;
  /** `-e`: print the link-layer header. */
  readonly linkLayer?: boolean;
  /** `-q`, `-qq`: how much less to print. Default 0. */
  readonly quiet?: number;
  /** `-v`, `-vv`, `-vvv`: how much more to print. Default 0. */
  readonly verbose?: number;
  /** `-S`: TCP sequence numbers as they are on the wire. */
  readonly absoluteSequence?: boolean;
  /** How many `t` in `-t…-ttttt`: 1 none, 2 epoch, 3 since the last packet, 4 with date, 5 since the first. */
  readonly timestamp?: 0 | 1 | 2 | 3 | 4 | 5;
  /** `--nano`, `--micro`: digits after the second. Default micro, for nanosecond files too. */
  readonly precision?: 'micro' | 'nano' | undefined;
  /** `-x`, `-xx`: 1 prints the packet in hex, 2 with its link-layer header. */
  readonly hex?: number;
  /** `-X`, `-XX`: as `hex`, with ASCII beside it. Wins over `hex`. */
  readonly hexAscii?: number;
  /** `-A`, `-AA`: as `hex`, in ASCII only. `hex` and `hexAscii` win over it. */
  readonly ascii?: number;
  /** `-#`: number the packets, from 1. */
  readonly number?: boolean;
  /** `-K`: verify no checksums. */
  readonly skipChecksums?: boolean;
  /** `-b`: numbers of autonomous systems above 65535 with a dot. */
  readonly asDot?: boolean;
  /** `-u`: NFS file handles as they are. */
  readonly rawHandles?: boolean;
  /** `-H`: look for 802.11s mesh headers. */
  readonly meshHeaders?: boolean;
  /** `-M`: the MD5 digest of what a TCP signature (RFC 2385) covers, followed by the secret that both ends know. */
  readonly tcpDigest?: ((signed: Uint8Array) => Uint8Array) | undefined;
  /** `-T`: what UDP and TCP carry, whatever their ports. */
  readonly packetType?: PacketType | undefined;
}

/** Those of tcpdump's types that are printed here. */
export const PACKET_TYPES = [
  'aodv',
  'carp',
  'cnfp',
  'domain',
  'lmp',
  'pgm',
  'pgm_zmtp1',
  'ptp',
  'radius',
  'resp',
  'rtcp',
  'rtp',
  'snmp',
  'someip',
  'tftp',
  'vat',
  'vxlan',
  'wb',
  'zmtp1',
] as const;
export type PacketType = (typeof PACKET_TYPES)[number];
