/** Wireshark's display filters, whose language looks like that of capture filters and is not. */

import { OPERATOR_WORDS } from './errors.js';

/** Display-filter fields and what to write instead; `%` stands for the value. */
// biome-ignore format: a table
const DISPLAY_FIELDS: ReadonlyMap<string, string> = new Map([
  ['eth.addr', 'ether host %'], ['eth.src', 'ether src %'], ['eth.dst', 'ether dst %'],
  ['eth.type', 'ether proto %'], ['vlan.id', 'vlan %'], ['mpls.label', 'mpls %'],
  ['ip.addr', 'host %'], ['ip.src', 'src host %'], ['ip.dst', 'dst host %'], ['ip.host', 'host %'],
  ['ip.src_host', 'src host %'], ['ip.dst_host', 'dst host %'],
  ['ip.proto', 'ip proto %'], ['ip.ttl', 'ip[8] = %'], ['ip.len', 'ip[2:2] = %'],
  ['ip.id', 'ip[4:2] = %'], ['ip.version', 'ip[0] >> 4 = %'], ['ip.tos', 'ip[1] = %'],
  ['ip.flags.df', 'ip[6] & 0x40 != 0'], ['ip.flags.mf', 'ip[6] & 0x20 != 0'],
  ['ip.frag_offset', 'ip[6:2] & 0x1fff = %'],
  ['ipv6.addr', 'ip6 host %'], ['ipv6.src', 'ip6 src host %'], ['ipv6.dst', 'ip6 dst host %'],
  ['ipv6.nxt', 'ip6[6] = %'], ['ipv6.hlim', 'ip6[7] = %'],
  ['tcp.port', 'tcp port %'], ['tcp.srcport', 'tcp src port %'], ['tcp.dstport', 'tcp dst port %'],
  ['udp.port', 'udp port %'], ['udp.srcport', 'udp src port %'], ['udp.dstport', 'udp dst port %'],
  ['sctp.port', 'sctp port %'], ['udp.length', 'udp[4:2] = %'],
  ['tcp.flags', 'tcp[tcpflags] = %'], ['tcp.seq', 'tcp[4:4] = %'], ['tcp.ack', 'tcp[8:4] = %'],
  ['tcp.window_size', 'tcp[14:2] = %'],
  ['tcp.flags.fin', 'tcp[tcpflags] & tcp-fin != 0'], ['tcp.flags.syn', 'tcp[tcpflags] & tcp-syn != 0'],
  ['tcp.flags.reset', 'tcp[tcpflags] & tcp-rst != 0'], ['tcp.flags.push', 'tcp[tcpflags] & tcp-push != 0'],
  ['tcp.flags.ack', 'tcp[tcpflags] & tcp-ack != 0'], ['tcp.flags.urg', 'tcp[tcpflags] & tcp-urg != 0'],
  ['icmp.type', 'icmp[icmptype] = %'], ['icmp.code', 'icmp[icmpcode] = %'],
  ['icmpv6.type', 'icmp6[icmp6type] = %'], ['arp.opcode', 'arp[6:2] = %'],
  ['frame.len', 'len = %'], ['frame.cap_len', 'len = %'],
]);

/** Protocol names of display filters that capture filters do not have. */
// biome-ignore format: a table
const DISPLAY_PROTOCOLS: ReadonlyMap<string, string> = new Map([
  ['http', 'tcp port 80'], ['http2', 'tcp port 443'], ['tls', 'tcp port 443'], ['ssl', 'tcp port 443'],
  ['https', 'tcp port 443'], ['quic', 'udp port 443'], ['dns', 'port 53'], ['mdns', 'udp port 5353'],
  ['dhcp', 'port 67 or port 68'], ['bootp', 'port 67 or port 68'], ['ssh', 'tcp port 22'],
  ['ftp', 'tcp port 21'], ['smtp', 'tcp port 25'], ['ntp', 'udp port 123'], ['snmp', 'udp port 161'],
  ['telnet', 'tcp port 23'], ['sip', 'port 5060'], ['syslog', 'udp port 514'], ['tftp', 'udp port 69'],
  ['ldap', 'tcp port 389'], ['rdp', 'tcp port 3389'], ['bgp', 'tcp port 179'], ['smb', 'tcp port 445'],
  ['eth', 'ether'], ['ipv4', 'ip'], ['ipv6', 'ip6'], ['icmpv6', 'icmp6'], ['gre', 'ip proto 47'],
  ['ospf', 'ip proto 89'], ['pppoe', 'pppoes'], ['lldp', 'ether proto 0x88cc'], ['eapol', 'ether proto 0x888e'],
]);

const COMPARISON =
  /([a-z0-9]+(?:\.[a-z0-9_]+)+)(?![-_.A-Za-z0-9])(?:\s*(==|!=|>=|<=|=|>|<|\b(?:eq|ne|gt|lt|ge|le)\b)\s*([^\s()&|]+))?/y;

/** What to write instead of the text that starts at `start`, as a whole hint; `undefined` where it does not look like one. */
export function displayFilterHint(source: string, start: number): string | undefined {
  COMPARISON.lastIndex = start;
  const match = COMPARISON.exec(source);
  if (match !== null) {
    const [, field, op = '', value] = match;
    const template = DISPLAY_FIELDS.get(field!);
    return (
      template && `that is a display filter; a capture filter says '${captureFilter(template, op, value)}'`
    );
  }
  const word = /[a-z0-9]+(?![-_.A-Za-z0-9])/y;
  word.lastIndex = start;
  const name = word.exec(source)?.[0];
  const instead = name === undefined ? undefined : DISPLAY_PROTOCOLS.get(name);
  return instead && `capture filters say '${instead}'`;
}

function captureFilter(template: string, written: string, value: string | undefined): string {
  const op = OPERATOR_WORDS.get(written) ?? (written === '==' ? '=' : written);
  if (value === undefined) return template.replace('%', 'VALUE');
  if (template.endsWith('= %')) return template.replace('= %', `${op} ${value}`);
  if (template.endsWith('!= 0')) {
    const off = value === '0' || value.toLowerCase() === 'false';
    return off === (op === '!=') ? template : template.replace('!= 0', '= 0');
  }
  const test = template.replace('%', value);
  return op === '!=' ? `not ${test}` : test;
}
