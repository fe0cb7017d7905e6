/** Words and fields agree: a number or an address in a packet's line is the one that `decode()` gives. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readPackets } from '../testing/tcpdump.js';
import { dataPath, fullRun, projectRoot, Tally } from '../testing/vectors.js';
import { createPrinter, decode, type PrinterOptions } from './index.js';

/** Words of a protocol, and of each group of them the field; of its own kind only the outermost header is looked at. */
type Row = readonly [protocol: string, words: RegExp, ...fields: string[]];

const PORTS = String.raw`\d\.(\d+) > [\d.]+\.(\d+): `;
// biome-ignore format: a table
const ROWS: readonly Row[] = [
  ['ip', /IP (?!truncated)\(tos (0x\w+).*? ttl (\d+), id (\d+), offset (\d+),.*? proto \S+ \((\d+)\), length (\d+)/, 'ip.dsfield', 'ip.ttl', 'ip.id', 'ip.frag_offset', 'ip.proto', 'ip.len'],
  ['ip', /(?:^[^\n]* |IP )\(tos [^\n]*\)\n {4}(\d+\.\d+\.\d+\.\d+)(?:\.\d+)? > (\d+\.\d+\.\d+\.\d+)(?:\.\d+)?: /, 'ip.src', 'ip.dst'],
  ['ipv6', /\((?:class 0x\w+, )?(?:flowlabel (0x\w+), )?hlim (\d+), next-header \S+ \((\d+)\) payload length: (\d+)\) ([\da-f:]+)(?:\.\d+)? > ([\da-f:]+)(?:\.\d+)?: /, 'ipv6.flow', 'ipv6.hlim', 'ipv6.nxt', 'ipv6.plen', 'ipv6.src', 'ipv6.dst'],
  ['tcp', new RegExp(`${PORTS}Flags .*?, cksum (0x\\w+) .*?, seq (\\d+)`), 'tcp.srcport', 'tcp.dstport', 'tcp.checksum', 'tcp.seq_raw'],
  ['tcp', /Flags .*?, ack (\d+), win (\d+)/, 'tcp.ack_raw', 'tcp.window_size_value'],
  ['tcp', /Flags .*? options \[(?:[^\]]*?,)?mss (\d+)/, 'tcp.options.mss_val'],
  ['tcp', /Flags .*? options \[(?:[^\]]*?,)?TS val (\d+) ecr (\d+)/, 'tcp.options.timestamp.tsval', 'tcp.options.timestamp.tsecr'],
  ['arp', /, Request who-has ([\d.]+)(?: \(.*?\))? tell ([\d.]+), length/, 'arp.dst.proto_ipv4', 'arp.src.proto_ipv4'],
  ['arp', /, Reply ([\d.]+) is-at ([\da-f:]{17}), length/, 'arp.src.proto_ipv4', 'arp.src.hw_mac'],
  ['icmp', /ICMP echo \w+, id (\d+), seq (\d+)/, 'icmp.ident', 'icmp.seq'],
  ['icmp', /need to frag \(mtu (\d+)\)/, 'icmp.mtu'],
  ['icmpv6', /ICMP6, echo \w+, id (\d+), seq (\d+)/, 'icmpv6.echo.identifier', 'icmpv6.echo.sequence_number'],
  ['icmpv6', /ICMP6, neighbor solicitation, length \d+, who has ([\da-f:]+)/, 'icmpv6.nd.ns.target_address'],
  ['vlan', /ethertype 802\.1Q \(0x8100\), length \d+: vlan (\d+), p (\d+)/, 'vlan.id', 'vlan.priority'],
  ['eth', /^ *\d+ {2}\S+ ([\da-f:]{17}) > ([\da-f:]{17}), ethertype/, 'eth.src', 'eth.dst'],
  ['mpls', /MPLS \(label (\d+).*?, (?:tc|exp) (\d+)(?:, \[S\])?, ttl (\d+)\)/, 'mpls.label', 'mpls.exp', 'mpls.ttl'],
  ['vrrp', /: VRRPv(\d).*?, vrid (\d+), prio (\d+)/, 'vrrp.version', 'vrrp.virt_rtr_id', 'vrrp.prio'],
  ['vxlan', /VXLAN, flags .*? vni (\d+)/, 'vxlan.vni'],
  ['geneve', /Geneve, Flags .*? vni (0x\w+)/, 'geneve.vni'],
  ['esp', /: ESP\(spi=(0x\w+),seq=(0x\w+)\)/, 'esp.spi', 'esp.sequence'],
  ['ah', /: AH\(.*?spi=(0x\w+),.*?seq=(0x\w+)/, 'ah.spi', 'ah.sequence'],
  ['bfd', /My Discriminator: (0x\w+), Your Discriminator: (0x\w+)/, 'bfd.my_discriminator', 'bfd.your_discriminator'],
  ['ospf', /: OSPFv(\d), .*?, length (\d+)\n\tRouter-ID ([\d.]+)/, 'ospf.version', 'ospf.packet_length', 'ospf.srcrouter'],
  ['eigrp', /EIGRP v(\d+), opcode: \w+ \((\d+)\), chksum: (0x\w+).*\n\tseq: (0x\w+), ack: (0x\w+), VRID: (\d+), AS: (\d+)/, 'eigrp.version', 'eigrp.opcode', 'eigrp.checksum', 'eigrp.seq', 'eigrp.ack', 'eigrp.vrid', 'eigrp.as'],
  ['ntp', /NTPv(\d), .*?, length \d+\n\t.*? Stratum (\d+)/, 'ntp.flags.vn', 'ntp.stratum'],
  ['dhcp', /BOOTP\/DHCP, .*?, xid (0x\w+)/, 'dhcp.id'],
  ['radius', /RADIUS, length: (\d+)\n\t\S.*?\((\d+)\), id: (0x\w+)/, 'radius.length', 'radius.code', 'radius.id'],
  ['hsrp', /HSRPv0-\w+ \d+: state=\w+ group=(\d+)/, 'hsrp.group'],
  ['dns', /(?:\[udp sum ok\]|\[bad udp cksum .*?\]|\[no cksum\]) (\d+)[+*|$-]*(?: \[| \w+\?| q:)/, 'dns.id'],
  ['stp', /STP 802\.1\w, Config[\s\S]*?root-id \w+\.([\da-f:]{17})/, 'stp.root.hw'],
  ['openflow', /version 1\.[03], type \w+, length (\d+), xid (0x\w+)/, 'openflow.length', 'openflow.xid'],
  ['olsr', /: OLSRv\d, seq (0x\w+)/, 'olsr.packet_seq_num'],
  ['sctp', new RegExp(`${PORTS}sctp`), 'sctp.srcport', 'sctp.dstport'],
  ['igmp', /: igmp v2 report ([\d.]+)/, 'igmp.maddr'],
  ['l2tp', /l2tp:\[[^\]]*\]\((\d+)\/(\d+)\)/, 'l2tp.tunnel', 'l2tp.session'],
  ['ldp', /LDP, Label-Space-ID: ([\d.]+):(\d+), pdu-length: (\d+)/, 'ldp.hdr.ldpid.lsr', 'ldp.hdr.ldpid.lsid', 'ldp.hdr.pdu_len'],
];

const OPTIONS: PrinterOptions = { number: true, verbose: 2, linkLayer: true, absoluteSequence: true };

/** A word as the value that it means. */
const meant = (word: string, value: unknown): unknown =>
  typeof value === 'number' || typeof value === 'bigint' ? Number(word) : word;

function captures(shared: string | undefined): string[] {
  const own = join(projectRoot, 'captures');
  const folders = shared === undefined ? [own] : [own, join(shared, 'files'), join(shared, 'found')];
  const paths = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.pcap(ng)?$/.test(name))
      .map((name) => join(folder, name)),
  );
  return fullRun ? paths : paths.filter((_, i) => i % 12 === 0);
}

test('what a line says of a header is what its fields hold', async (t) => {
  const tally = new Tally('dissect: words and fields');
  const seen = new Set<string>();
  for (const path of captures(dataPath(t, 'captures'))) {
    const printer = createPrinter(OPTIONS);
    for (const packet of (await readPackets(path)).slice(0, 60)) {
      const text = printer.print(packet);
      const decoded = decode(packet);
      const there = new Set(decoded.layers.map(({ protocol }) => protocol as string));
      for (const [protocol, words, ...fields] of ROWS) {
        const found = there.has(protocol) ? words.exec(text) : null;
        if (found === null) continue;
        seen.add(protocol);
        for (const [i, field] of fields.entries()) {
          const word = found[i + 1];
          if (word === undefined) continue;
          const value = decoded.get(field as 'ip.src') as unknown;
          const single = Array.isArray(value) ? value[0] : value;
          tally.check(
            meant(word, single) === (typeof single === 'bigint' ? Number(single) : single),
            () => `${path} ${field}: word ${word}, field ${single}\n${text.slice(0, 400)}`,
          );
        }
      }
    }
  }
  t.log([...seen].join(' '));
  tally.finish(t);
  if (fullRun)
    t.deepEqual(
      ROWS.map(([protocol]) => protocol).filter((protocol) => !seen.has(protocol)),
      [],
    );
});
