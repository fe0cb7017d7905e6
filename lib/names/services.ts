/**
 * Services and their ports, for machines without /etc/services.
 *
 * IANA registers most names for TCP and UDP alike, whatever their protocol uses; the tables that systems come with
 * leave out what it does not. `port http` is to mean the same here as there, so the services that filters are written
 * for stand in a table of their own, with the transports they are used on and with customary names that IANA does not
 * have. Behind it stands IANA's registry, see registry.ts; the system's own table can be put before both, see
 * resolver.ts.
 */

import type { Transport } from './transport.js';

type Row = readonly [name: string, port: number, transports: string];

// biome-ignore format: a table
const ROWS: readonly Row[] = [
  ['echo', 7, 'tcp udp'], ['discard', 9, 'tcp udp'], ['sink', 9, 'tcp udp'], ['systat', 11, 'tcp'],
  ['daytime', 13, 'tcp udp'], ['netstat', 15, 'tcp'], ['qotd', 17, 'tcp'], ['quote', 17, 'tcp'],
  ['chargen', 19, 'tcp udp'], ['ftp-data', 20, 'tcp'], ['ftp', 21, 'tcp'], ['ssh', 22, 'tcp'],
  ['telnet', 23, 'tcp'], ['smtp', 25, 'tcp'], ['mail', 25, 'tcp'], ['time', 37, 'tcp udp'],
  ['timserver', 37, 'tcp udp'], ['whois', 43, 'tcp'], ['nicname', 43, 'tcp'], ['tacacs', 49, 'tcp udp'],
  ['domain', 53, 'tcp udp'], ['bootps', 67, 'udp'], ['bootpc', 68, 'udp'], ['tftp', 69, 'udp'],
  ['gopher', 70, 'tcp'], ['finger', 79, 'tcp'], ['http', 80, 'tcp'], ['www', 80, 'tcp'],
  ['kerberos', 88, 'tcp udp'], ['kerberos5', 88, 'tcp udp'], ['krb5', 88, 'tcp udp'],
  ['kerberos-sec', 88, 'tcp udp'], ['iso-tsap', 102, 'tcp'], ['tsap', 102, 'tcp'], ['acr-nema', 104, 'tcp'],
  ['dicom', 104, 'tcp'], ['pop3', 110, 'tcp'], ['pop-3', 110, 'tcp'], ['sunrpc', 111, 'tcp udp'],
  ['portmapper', 111, 'tcp udp'], ['auth', 113, 'tcp'], ['nntp', 119, 'tcp'], ['ntp', 123, 'udp'],
  ['epmap', 135, 'tcp'], ['loc-srv', 135, 'tcp'], ['netbios-ns', 137, 'udp'], ['netbios-dgm', 138, 'udp'],
  ['netbios-ssn', 139, 'tcp'], ['imap2', 143, 'tcp'], ['imap', 143, 'tcp'], ['snmp', 161, 'tcp udp'],
  ['snmp-trap', 162, 'tcp udp'], ['snmptrap', 162, 'tcp udp'], ['xdmcp', 177, 'udp'], ['bgp', 179, 'tcp'],
  ['irc', 194, 'tcp udp'], ['ptp-event', 319, 'udp'], ['ptp-general', 320, 'udp'], ['ldap', 389, 'tcp udp'],
  ['https', 443, 'tcp udp'], ['microsoft-ds', 445, 'tcp'], ['kpasswd', 464, 'tcp udp'],
  ['submissions', 465, 'tcp'], ['smtps', 465, 'tcp'], ['ssmtp', 465, 'tcp'], ['isakmp', 500, 'udp'],
  ['exec', 512, 'tcp'], ['biff', 512, 'udp'], ['login', 513, 'tcp'], ['who', 513, 'udp'],
  ['whod', 513, 'udp'], ['shell', 514, 'tcp'], ['cmd', 514, 'tcp'], ['syslog', 514, 'tcp udp'],
  ['printer', 515, 'tcp'], ['spooler', 515, 'tcp'], ['talk', 517, 'udp'], ['ntalk', 518, 'udp'],
  ['route', 520, 'udp'], ['router', 520, 'udp'], ['routed', 520, 'udp'], ['uucp', 540, 'tcp'],
  ['klogin', 543, 'tcp'], ['kshell', 544, 'tcp'], ['dhcpv6-client', 546, 'udp'],
  ['dhcpv6-server', 547, 'udp'], ['afpovertcp', 548, 'tcp'], ['rtsp', 554, 'tcp udp'], ['nntps', 563, 'tcp'],
  ['snntp', 563, 'tcp'], ['submission', 587, 'tcp'], ['ipp', 631, 'tcp'], ['ldaps', 636, 'tcp udp'],
  ['kerberos-adm', 749, 'tcp'], ['kerberos4', 750, 'tcp udp'], ['kerberos-iv', 750, 'tcp udp'],
  ['krb-prop', 754, 'tcp'], ['spamd', 783, 'tcp'], ['domain-s', 853, 'tcp udp'], ['rsync', 873, 'tcp'],
  ['ftps-data', 989, 'tcp'], ['ftps', 990, 'tcp'], ['telnets', 992, 'tcp'], ['imaps', 993, 'tcp'],
  ['pop3s', 995, 'tcp'], ['socks', 1080, 'tcp'], ['rmiregistry', 1099, 'tcp'], ['openvpn', 1194, 'tcp udp'],
  ['ms-sql-s', 1433, 'tcp'], ['ms-sql-m', 1434, 'udp'], ['old-radius', 1645, 'tcp udp'],
  ['old-radacct', 1646, 'tcp udp'], ['l2f', 1701, 'udp'], ['l2tp', 1701, 'udp'], ['pptp', 1723, 'tcp'],
  ['radius', 1812, 'tcp udp'], ['radius-acct', 1813, 'tcp udp'], ['radacct', 1813, 'tcp udp'],
  ['mqtt', 1883, 'tcp'], ['cisco-sccp', 2000, 'tcp'], ['nfs', 2049, 'tcp udp'], ['gtp-c', 2123, 'udp'],
  ['gtp-u', 2152, 'udp'], ['docker', 2375, 'tcp'], ['cvspserver', 2401, 'tcp'], ['zebra', 2601, 'tcp'],
  ['ripd', 2602, 'tcp'], ['ospfd', 2604, 'tcp'], ['bgpd', 2605, 'tcp'], ['dict', 2628, 'tcp'],
  ['gpsd', 2947, 'tcp'], ['icpv2', 3130, 'udp'], ['icp', 3130, 'udp'], ['iscsi-target', 3260, 'tcp'],
  ['mysql', 3306, 'tcp'], ['ms-wbt-server', 3389, 'tcp'], ['distcc', 3632, 'tcp'], ['daap', 3689, 'tcp'],
  ['svn', 3690, 'tcp'], ['subversion', 3690, 'tcp'], ['epmd', 4369, 'tcp'], ['ipsec-nat-t', 4500, 'udp'],
  ['iax', 4569, 'udp'], ['vxlan', 4789, 'udp'], ['munin', 4949, 'tcp'], ['sip', 5060, 'tcp udp'],
  ['sip-tls', 5061, 'tcp udp'], ['xmpp-client', 5222, 'tcp'], ['jabber-client', 5222, 'tcp'],
  ['xmpp-server', 5269, 'tcp'], ['jabber-server', 5269, 'tcp'], ['mdns', 5353, 'udp'],
  ['postgresql', 5432, 'tcp'], ['postgres', 5432, 'tcp'], ['amqps', 5671, 'tcp'], ['amqp', 5672, 'tcp sctp'],
  ['vnc', 5900, 'tcp'], ['x11', 6000, 'tcp'], ['x11-1', 6001, 'tcp'], ['x11-2', 6002, 'tcp'],
  ['x11-3', 6003, 'tcp'], ['x11-4', 6004, 'tcp'], ['x11-5', 6005, 'tcp'], ['x11-6', 6006, 'tcp'],
  ['x11-7', 6007, 'tcp'], ['geneve', 6081, 'udp'], ['redis', 6379, 'tcp'], ['ircd', 6667, 'tcp'],
  ['syslog-tls', 6514, 'tcp'], ['sane-port', 6566, 'tcp'], ['bbs', 7000, 'tcp'],
  ['afs3-fileserver', 7000, 'udp'], ['afs3-callback', 7001, 'udp'], ['font-service', 7100, 'tcp'],
  ['xfs', 7100, 'tcp'], ['http-alt', 8080, 'tcp'], ['webcache', 8080, 'tcp'], ['https-alt', 8443, 'tcp'],
  ['bacula-dir', 9101, 'tcp'], ['bacula-fd', 9102, 'tcp'], ['bacula-sd', 9103, 'tcp'], ['git', 9418, 'tcp'],
  ['webmin', 10000, 'tcp'], ['zabbix-agent', 10050, 'tcp'], ['zabbix-trapper', 10051, 'tcp'],
  ['amanda', 10080, 'tcp'], ['hkp', 11371, 'tcp'], ['m2ua', 2904, 'sctp'], ['m3ua', 2905, 'sctp'],
  ['diameter', 3868, 'tcp sctp'],
];

interface Table {
  /** `http` to `tcp` to 80. */
  readonly byName: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** `80/tcp` to `http`. */
  readonly byPort: ReadonlyMap<string, string>;
}

let table: Table | undefined;

/** The ports of a service by transport; `undefined` where the table does not have the name. */
export const knownService = (name: string): ReadonlyMap<string, number> | undefined =>
  (table ??= makeTable()).byName.get(name);

/** The usual name of a port. */
export const knownServiceName = (port: number, transport: Transport): string | undefined =>
  (table ??= makeTable()).byPort.get(`${port}/${transport}`);

/** Those that people write: what to suggest for a name that is unknown. */
export const serviceNames = (): string[] => ROWS.map(([name]) => name);

function makeTable(): Table {
  const byName = new Map<string, Map<string, number>>();
  const byPort = new Map<string, string>();
  for (const [name, port, transports] of ROWS) {
    const ports = byName.get(name) ?? new Map<string, number>();
    byName.set(name, ports);
    for (const transport of transports.split(' ')) {
      ports.set(transport, port);
      const place = `${port}/${transport}`;
      if (!byPort.has(place)) byPort.set(place, name);
    }
  }
  return { byName, byPort };
}
