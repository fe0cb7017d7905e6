/**
 * What Node had before: `node dist/bench/decoders.js FILE`. The package pcap-parser reads the capture, the
 * decoders of the package cap take packets apart, and a few lines count those of TCP port 80.
 */

import { createRequire } from 'node:module';
import pcapParser from 'pcap-parser';

interface Decoded {
  readonly info: { readonly [name: string]: unknown };
  readonly offset: number;
}
type Decoder = (bytes: Buffer, offset?: number) => Decoded;

// The file by itself: the package's face loads its native part, which may not be there.
const decoders = createRequire(import.meta.url)('cap/lib/Decoders.js') as Record<string, Decoder>;
const { Ethernet, IPV4, IPV6, TCP } = decoders as Record<'Ethernet' | 'IPV4' | 'IPV6' | 'TCP', Decoder>;
const IP4_TYPE = 0x0800;
const IP6_TYPE = 0x86dd;
const TCP_PROTOCOL = 6;

function isWeb(bytes: Buffer): boolean {
  const { info, offset } = Ethernet(bytes);
  if (info.type !== IP4_TYPE && info.type !== IP6_TYPE) return false;
  const packet = (info.type === IP4_TYPE ? IPV4 : IPV6)(bytes, offset);
  if (packet.info.protocol !== TCP_PROTOCOL) return false;
  const { srcport, dstport } = TCP(bytes, packet.offset).info;
  return srcport === 80 || dstport === 80;
}

let matched = 0;
const parser = pcapParser.parse(process.argv[2]!);
parser.on('packet', ({ data }) => {
  if (isWeb(data)) matched++;
});
parser.on('end', () => console.log(`${matched} packets`));
