/**
 * Packets that carry others. Wireshark looks into tunnels, tags and the packets that ICMP errors quote, puts fragments
 * together, and takes a field for there wherever it is found. A capture filter sees the first headers. So a
 * translation holds for packets that carry no others, and passes the rest on.
 */

import { any, both, type Condition, no, test } from './condition.js';

/** UDP ports behind which Wireshark 4 finds packets: L2TP, GTP, Teredo, LISP, VXLAN, Geneve, sFlow, CAPWAP and so on. */
const UDP_TUNNELS =
  '1701 or 2152 or 3386 or 3544 or 4341 or 4789 or 4790 or 5246 or 5247 or 6080 or 6081 or 6343 or 6635 or 8472 or 12222 or 12223 or 37008';
/** The same of TCP: remote captures, OpenFlow, STT. */
const TCP_TUNNELS = '2002 or 6633 or 6653 or 7471';

/** A link type, as far as translations depend on it. */
export interface Link {
  /** Bytes before the network header. */
  readonly header: number;
  /** Protocols of Wireshark that its packets never have. */
  readonly without: readonly string[];
}

const IP_ONLY = ['eth', 'arp'];
/** By their names. */
export const LINKS: ReadonlyMap<string, Link> = new Map([
  ['EN10MB', { header: 14, without: [] }],
  ['LINUX_SLL', { header: 16, without: ['eth'] }],
  ['LINUX_SLL2', { header: 20, without: ['eth'] }],
  ['RAW', { header: 0, without: IP_ONLY }],
  ['NULL', { header: 4, without: IP_ONLY }],
  ['LOOP', { header: 4, without: IP_ONLY }],
]);

const IPV6 = 40;

/** Headers that are what they seem, of protocols that carry no packets: at least as long as the protocol's own. */
const HEADER_AND = (bytes: number): string => `ip[2:2] >= ((ip[0] & 0xf) << 2) + ${bytes}`;
const OVER_4 = (number: number, bytes: number, ...more: readonly Condition[]): Condition =>
  both(test(`ip proto ${number}`), test(HEADER_AND(bytes)), ...more);
const OVER_6 = (number: number, bytes: number, ...more: readonly Condition[]): Condition =>
  both(test(`ip6[6] = ${number}`), test(`ip6[4:2] >= ${bytes}`), ...more);
const typed = (protocol: string, types: readonly number[]): Condition =>
  any(...types.map((type) => test(`${protocol}[0] = ${type}`)));

/** ICMP echoes, and what hosts, routers and neighbours ask each other: errors quote packets, as redirects do. */
const ECHOES = [0, 8];
const REDIRECT_6 = 137;
/** IGMP's own: other protocols share its number. */
const MEMBERSHIP = [0x11, 0x12, 0x16, 0x17, 0x22];

const ARP_OF_IPV4 = ['arp[0:2] = 1', 'arp[2:2] = 0x800', 'arp[4:2] = 0x604'].map(test);

/** Whole packets that carry no others. */
export const carriesNone = ({ header, without }: Link): Condition =>
  both(
    any(
      without.includes('arp') ? 'none' : both(test('arp'), ...ARP_OF_IPV4),
      both(
        test('ip[0] >= 0x45'),
        test('ip[0] <= 0x4f'),
        test(`len >= ip[2:2] + ${header}`),
        test('ip[6:2] & 0x3fff = 0'),
        any(
          OVER_4(1, 8, typed('icmp', ECHOES)),
          OVER_4(2, 8, typed('igmp', MEMBERSHIP)),
          OVER_4(6, 20),
          OVER_4(17, 8),
          OVER_4(132, 12),
        ),
      ),
      both(
        test('ip6[0] & 0xf0 = 0x60'),
        test(`len >= ip6[4:2] + ${header + IPV6}`),
        any(
          OVER_6(6, 20),
          OVER_6(17, 8),
          OVER_6(58, 8, test('ip6[40] >= 128'), test(`ip6[40] != ${REDIRECT_6}`)),
          OVER_6(132, 12),
        ),
      ),
    ),
    no(any(test(`udp port (${UDP_TUNNELS})`), test(`tcp port (${TCP_TUNNELS})`))),
  );
