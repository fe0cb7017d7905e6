/**
 * IP protocol numbers and names: those in use, with the spelling that /etc/protocols has, where it is not IANA's
 * (`ospf` is OSPFIGP there), and those that IANA has assigned lately. The first name of a number is the one to print.
 * All of IANA's "Assigned Internet Protocol Numbers" stand behind them, see registry.ts.
 */

// biome-ignore format: a table
export const IP_PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['ip', 0], ['hopopt', 0], ['icmp', 1], ['igmp', 2], ['ggp', 3], ['ipencap', 4], ['st', 5], ['tcp', 6],
  ['egp', 8], ['igp', 9], ['pup', 12], ['udp', 17], ['hmp', 20], ['xns-idp', 22], ['rdp', 27],
  ['iso-tp4', 29], ['dccp', 33], ['xtp', 36], ['ddp', 37], ['idpr-cmtp', 38], ['ipv6', 41],
  ['ipv6-route', 43], ['ipv6-frag', 44], ['idrp', 45], ['rsvp', 46], ['gre', 47], ['esp', 50], ['ah', 51],
  ['skip', 57], ['ipv6-icmp', 58], ['ipv6-nonxt', 59], ['ipv6-opts', 60], ['rspf', 73], ['vmtp', 81],
  ['eigrp', 88], ['ospf', 89], ['ax.25', 93], ['ipip', 94], ['etherip', 97], ['encap', 98], ['pim', 103],
  ['ipcomp', 108], ['vrrp', 112], ['l2tp', 115], ['isis', 124], ['sctp', 132], ['fc', 133],
  ['mobility-header', 135], ['udplite', 136], ['mpls-in-ip', 137], ['manet', 138], ['hip', 139],
  ['shim6', 140], ['wesp', 141], ['rohc', 142], ['ethernet', 143], ['aggfrag', 144], ['nsh', 145],
  ['IP', 0], ['IP-ENCAP', 4], ['IPSEC-ESP', 50], ['IPSEC-AH', 51], ['RSPF', 73], ['IPCOMP', 108], ['ISIS', 124],
  ['Mobility-Header', 135], ['Ethernet', 143], ['AGGFRAG', 144], ['NSH', 145],
]);

/** Made when a name is asked for: filters ask for numbers. */
let names: ReadonlyMap<number, string> | undefined;

export function ipProtocolName(number: number): string | undefined {
  names ??= new Map([...IP_PROTOCOLS].reverse().map(([name, protocol]) => [protocol, name]));
  return names.get(number);
}

/** Numbers that the filter language has to know itself. */
// biome-ignore format: a table
export const IPPROTO = {
  HOPOPTS: 0, ICMP: 1, IGMP: 2, IPV4: 4, TCP: 6, IGRP: 9, UDP: 17, IPV6: 41, ROUTING: 43, FRAGMENT: 44, GRE: 47, ESP: 50, AH: 51,
  ICMPV6: 58, NONE: 59, DSTOPTS: 60, PIM: 103, VRRP: 112, CARP: 112, SCTP: 132,
} as const;
