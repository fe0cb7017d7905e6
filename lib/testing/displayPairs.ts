/** Test support: filters in Wireshark's language and in libpcap's. */

/** Wireshark's words (wireshark-filter(4)) and what they say, outside tunnels. */
export const DISPLAY_PAIRS: readonly (readonly [display: string, capture: string])[] = [
  ['ip.addr == 192.0.2.1', 'ip host 192.0.2.1'],
  ['ip.addr != 192.0.2.1', 'ip and not ip host 192.0.2.1'],
  ['!(ip.addr == 192.0.2.1)', 'not ip host 192.0.2.1'],
  ['ip.src == 10.1.2.3/8 or ipv6.dst == 2001:db8::/32', 'ip src net 10.0.0.0/8 or ip6 dst net 2001:db8::/32'],
  ['tcp.port in {80, 443, 8000..8010}', 'tcp port 80 or tcp port 443 or tcp portrange 8000-8010'],
  ['tcp.dstport >= 1024 && !udp', 'tcp dst portrange 1024-65535'],
  ['udp.port eq 53 and udp or arp', 'udp port 53 or arp'],
  ['eth.addr == 02-00-00-00-00-01 and frame.len < 100', 'ether host 02:00:00:00:00:01 and less 99'],
  ['tcp.flags.syn == True and ip', 'tcp[13] & 2 != 0'],
  ['ip.ttl === 1', 'ip[8] = 1'],
  ['ip.ttl <= 5 or arp.opcode > 1', 'ip[8] < 6 or arp[6:2] >= 2'],
  ['tcp.srcport == 80 and ip.dst == 192.0.2.77/26', 'tcp src port 80 and ip dst net 192.0.2.64/26'],
  ['ipv6.src == 2001:db8:1:2:3::/70', 'ip6 src net 2001:db8:1:2::/70'],
  ['tcp.flags.fin == 0', 'tcp[13] & 1 = 0 or (ip6[6] = 6 and ip6[53] & 1 = 0)'],
  ['ip.dsfield.dscp == 46', '(ip[1] & 0xfc) >> 2 = 46'],
  ['udp.length < 9', 'udp[4:2] < 9 or (ip6[6] = 17 and ip6[44:2] < 9)'],
  ['tcp.srcport & 0x400', 'tcp[0:2] & 0x400 != 0 or (ip6[6] = 6 and ip6[40:2] & 0x400 != 0)'],
  ['ip.src in {10.0.0.1..10.0.0.3}', 'ip[12:4] >= 0x0a000001 and ip[12:4] <= 0x0a000003'],
  ['ip.src !== 10.0.0.1', 'ip and not ip src host 10.0.0.1'],
];

/** Capture filters, and what Wireshark calls them. */
export const TO_DISPLAY: readonly (readonly [capture: string, display: string])[] = [
  ['', ''],
  [
    'net 10',
    '(ip.addr == 10.0.0.0/8 or arp.src.proto_ipv4 == 10.0.0.0/8 or arp.dst.proto_ipv4 == 10.0.0.0/8)',
  ],
  ['ip dst net 192.168', 'ip.dst == 192.168.0.0/16'],
  ['tcp[13] & 2 != 0', '(ip and tcp.flags.syn == 1)'],
  ['udp portrange 5-9', 'udp.port in {5..9}'],
  ['not tcp src port 22', 'not (tcp.srcport == 22)'],
  // As libpcap reads them: ends in any order, numbers with zeros in front, three ways to write an address.
  ['udp portrange 90-80', 'udp.port in {80..90}'],
  ['ip host 01.02.03.04', 'ip.addr == 1.2.3.4'],
  ['ether src aabb.ccdd.eeff', 'eth.src == aa:bb:cc:dd:ee:ff'],
  ['ether src 1:2:3:4:5:6', 'eth.src == 01:02:03:04:05:06'],
  ['src port domain', '(tcp.srcport == 53 or udp.srcport == 53 or sctp.srcport == 53)'],
  ['sctp port domain', 'sctp.port == 53'],
  ['udp[8:2] = 0x1234', '(ip and udp.payload[0:2] == 12:34)'],
];
