/** Protocols by themselves, and what carries those that only their contents tell. */

import { any, type Condition, test } from './condition.js';
import { existing, PROTOCOLS } from './fields.js';

const OVER_TCP_OR_UDP = any(test('tcp'), test('udp'));

/** Protocols by themselves; what a capture filter knows of those that it cannot tell is what carries them. */
export const WHOLE: ReadonlyMap<string, Condition> = new Map([
  ['frame', 'all'],
  ...Object.keys(PROTOCOLS).map((name) => [name, existing(name)] as const),
]);

/** What carries a protocol that only its contents tell: from a packet to the tightest condition. */
// biome-ignore format: a list
export const CARRIED: ReadonlyMap<string, Condition> = new Map([
  ...['http2', 'ssh', 'smtp', 'imap', 'pop', 'ftp', 'ftp-data', 'telnet', 'smb', 'smb2', 'nbss', 'mysql', 'pgsql', 'websocket', 'bgp', 'xmpp', 'rtmpt', 'pptp', 'mqtt', 'irc', 'rsync', 'vnc', 'x11', 'resp', 'amqp']
    .map((name) => [name, test('tcp')] as const),
  ...['dhcp', 'bootp', 'dhcpv6', 'ntp', 'quic', 'tftp', 'radius', 'mdns', 'llmnr', 'nbns', 'nbdgm', 'ssdp', 'isakmp', 'rip', 'ripng', 'hsrp', 'gtp', 'vxlan', 'esp', 'geneve', 'wol', 'bfd']
    .map((name) => [name, test('udp')] as const),
  ...['http', 'tls', 'ssl', 'dtls', 'dns', 'sip', 'rtp', 'rtcp', 'rpc', 'nfs', 'kerberos', 'ldap', 'snmp', 'syslog', 'coap', 'stun', 'rtsp', 'json', 'xml', 'media', 'mime_multipart', 'data-text-lines', 'x509sat', 'x509ce', 'pkcs1']
    .map((name) => [name, OVER_TCP_OR_UDP] as const),
  // Packets that carry others, which are passed on in any case.
  ...['vlan', 'mpls', 'gre', 'pppoes', 'pppoed', 'ppp', 'llc', 'stp', 'ah', 'ospf', 'pim', 'eigrp', 'vrrp', 'lldp', 'cdp', 'eapol', 'lacp']
    .map((name) => [name, 'none'] as const),
]);
