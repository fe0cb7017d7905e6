/**
 * Well-known services: enough for filters to be readable on a machine without /etc/services.
 *
 * Numbers: IANA "Service Name and Transport Protocol Port Number Registry". A complete table of the
 * system can be put before this one, see resolver.ts.
 */

export type Transport = 'tcp' | 'udp' | 'sctp';

type Row = readonly [name: string, port: number, transports: string];

// biome-ignore format: a table
const ROWS: readonly Row[] = [
  ['echo', 7, 'tcp udp'], ['discard', 9, 'tcp udp'], ['daytime', 13, 'tcp udp'], ['chargen', 19, 'tcp udp'],
  ['ftp-data', 20, 'tcp'], ['ftp', 21, 'tcp'], ['ssh', 22, 'tcp'], ['telnet', 23, 'tcp'],
  ['smtp', 25, 'tcp'], ['mail', 25, 'tcp'], ['time', 37, 'tcp udp'], ['whois', 43, 'tcp'],
  ['tacacs', 49, 'tcp udp'], ['domain', 53, 'tcp udp'], ['bootps', 67, 'udp'], ['bootpc', 68, 'udp'],
  ['tftp', 69, 'udp'], ['gopher', 70, 'tcp'], ['finger', 79, 'tcp'], ['http', 80, 'tcp'],
  ['kerberos', 88, 'tcp udp'], ['pop3', 110, 'tcp'], ['sunrpc', 111, 'tcp udp'], ['portmapper', 111, 'tcp udp'],
  ['auth', 113, 'tcp'], ['nntp', 119, 'tcp'], ['ntp', 123, 'udp'], ['epmap', 135, 'tcp'],
  ['netbios-ns', 137, 'udp'], ['netbios-dgm', 138, 'udp'], ['netbios-ssn', 139, 'tcp'],
  ['imap2', 143, 'tcp'], ['imap', 143, 'tcp'], ['snmp', 161, 'tcp udp'], ['snmp-trap', 162, 'tcp udp'],
  ['snmptrap', 162, 'tcp udp'], ['bgp', 179, 'tcp'], ['irc', 194, 'tcp udp'], ['ldap', 389, 'tcp udp'],
  ['https', 443, 'tcp udp'], ['microsoft-ds', 445, 'tcp udp'], ['kpasswd', 464, 'tcp udp'],
  ['submissions', 465, 'tcp'], ['isakmp', 500, 'udp'], ['login', 513, 'tcp'], ['who', 513, 'udp'], ['shell', 514, 'tcp'],
  ['syslog', 514, 'tcp udp'], ['printer', 515, 'tcp'], ['route', 520, 'udp'], ['router', 520, 'udp'],
  ['dhcpv6-client', 546, 'udp'], ['dhcpv6-server', 547, 'udp'], ['rtsp', 554, 'tcp udp'],
  ['nntps', 563, 'tcp'], ['submission', 587, 'tcp'], ['ipp', 631, 'tcp'], ['ldaps', 636, 'tcp udp'],
  ['domain-s', 853, 'tcp udp'], ['rsync', 873, 'tcp'], ['ftps-data', 989, 'tcp'], ['ftps', 990, 'tcp'],
  ['telnets', 992, 'tcp'], ['imaps', 993, 'tcp'], ['pop3s', 995, 'tcp'], ['socks', 1080, 'tcp'],
  ['openvpn', 1194, 'tcp udp'], ['ms-sql-s', 1433, 'tcp'], ['l2f', 1701, 'udp'], ['l2tp', 1701, 'udp'],
  ['pptp', 1723, 'tcp'], ['radius', 1812, 'tcp udp'], ['radius-acct', 1813, 'tcp udp'],
  ['mqtt', 1883, 'tcp'], ['nfs', 2049, 'tcp udp'], ['gtp-c', 2123, 'udp'], ['gtp-u', 2152, 'udp'],
  ['docker', 2375, 'tcp'], ['git', 9418, 'tcp'], ['iscsi-target', 3260, 'tcp'], ['mysql', 3306, 'tcp'],
  ['ms-wbt-server', 3389, 'tcp'], ['ipsec-nat-t', 4500, 'udp'], ['vxlan', 4789, 'udp'],
  ['sip', 5060, 'tcp udp'], ['sip-tls', 5061, 'tcp udp'], ['xmpp-client', 5222, 'tcp'],
  ['xmpp-server', 5269, 'tcp'], ['mdns', 5353, 'udp'], ['postgresql', 5432, 'tcp'], ['amqps', 5671, 'tcp'],
  ['amqp', 5672, 'tcp sctp'], ['vnc', 5900, 'tcp'], ['x11', 6000, 'tcp'], ['geneve', 6081, 'udp'],
  ['redis', 6379, 'tcp'], ['ircd', 6667, 'tcp'], ['syslog-tls', 6514, 'tcp'], ['http-alt', 8080, 'tcp'],
  ['https-alt', 8443, 'tcp'], ['m2ua', 2904, 'sctp'], ['m3ua', 2905, 'sctp'], ['diameter', 3868, 'tcp sctp'],
];

function key(name: string, transport: Transport): string {
  return `${name}/${transport}`;
}

const byName = new Map(
  ROWS.flatMap(([name, port, transports]) =>
    transports.split(' ').map((transport) => [key(name, transport as Transport), port] as const),
  ),
);
const byPort = new Map(
  [...ROWS]
    .reverse()
    .flatMap(([name, port, transports]) =>
      transports.split(' ').map((transport) => [`${port}/${transport}`, name] as const),
    ),
);

export const servicePort = (name: string, transport: Transport): number | undefined =>
  byName.get(key(name, transport));

export const serviceName = (port: number, transport: Transport): string | undefined =>
  byPort.get(`${port}/${transport}`);

export const serviceNames = (): string[] => [...new Set(ROWS.map(([name]) => name))];
