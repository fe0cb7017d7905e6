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

/** Names and ports, by the transports they are used on. The first name of a port is the one to print. */
const SERVICES: Readonly<Record<string, string>> = {
  tcp: `
    systat 11 netstat 15 qotd 17 quote 17 ftp-data 20 ftp 21 ssh 22 telnet 23 smtp 25 mail 25 whois 43 nicname 43
    gopher 70 finger 79 http 80 www 80 iso-tsap 102 tsap 102 acr-nema 104 dicom 104 pop3 110 pop-3 110 auth 113 nntp 119
    epmap 135 loc-srv 135 netbios-ssn 139 imap2 143 imap 143 bgp 179 microsoft-ds 445 submissions 465 smtps 465
    ssmtp 465 exec 512 login 513 shell 514 cmd 514 printer 515 spooler 515 uucp 540 klogin 543 kshell 544 afpovertcp 548
    nntps 563 snntp 563 submission 587 ipp 631 kerberos-adm 749 krb-prop 754 spamd 783 rsync 873 ftps-data 989 ftps 990
    telnets 992 imaps 993 pop3s 995 socks 1080 rmiregistry 1099 ms-sql-s 1433 pptp 1723 mqtt 1883 cisco-sccp 2000
    docker 2375 cvspserver 2401 zebra 2601 ripd 2602 ospfd 2604 bgpd 2605 dict 2628 gpsd 2947 iscsi-target 3260
    mysql 3306 ms-wbt-server 3389 distcc 3632 daap 3689 svn 3690 subversion 3690 epmd 4369 munin 4949 xmpp-client 5222
    jabber-client 5222 xmpp-server 5269 jabber-server 5269 postgresql 5432 postgres 5432 amqps 5671 vnc 5900 x11 6000
    x11-1 6001 x11-2 6002 x11-3 6003 x11-4 6004 x11-5 6005 x11-6 6006 x11-7 6007 redis 6379 ircd 6667 syslog-tls 6514
    sane-port 6566 bbs 7000 font-service 7100 xfs 7100 http-alt 8080 webcache 8080 https-alt 8443 bacula-dir 9101
    bacula-fd 9102 bacula-sd 9103 git 9418 webmin 10000 zabbix-agent 10050 zabbix-trapper 10051 amanda 10080 hkp 11371`,
  udp: `
    bootps 67 bootpc 68 tftp 69 ntp 123 netbios-ns 137 netbios-dgm 138 xdmcp 177 ptp-event 319 ptp-general 320
    isakmp 500 biff 512 who 513 whod 513 talk 517 ntalk 518 route 520 router 520 routed 520 dhcpv6-client 546
    dhcpv6-server 547 ms-sql-m 1434 l2f 1701 l2tp 1701 gtp-c 2123 gtp-u 2152 icpv2 3130 icp 3130 ipsec-nat-t 4500
    iax 4569 vxlan 4789 mdns 5353 geneve 6081 afs3-fileserver 7000 afs3-callback 7001`,
  'tcp udp': `
    echo 7 discard 9 sink 9 daytime 13 chargen 19 time 37 timserver 37 tacacs 49 domain 53 kerberos 88 kerberos5 88
    krb5 88 kerberos-sec 88 sunrpc 111 portmapper 111 snmp 161 snmp-trap 162 snmptrap 162 irc 194 ldap 389 https 443
    kpasswd 464 syslog 514 rtsp 554 ldaps 636 kerberos4 750 kerberos-iv 750 domain-s 853 openvpn 1194 old-radius 1645
    old-radacct 1646 radius 1812 radius-acct 1813 radacct 1813 nfs 2049 sip 5060 sip-tls 5061`,
  sctp: `
    m2ua 2904 m3ua 2905`,
  'tcp sctp': `
    amqp 5672 diameter 3868`,
};

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
export const serviceNames = (): string[] => rows().map(([name]) => name);

function rows(): [name: string, port: number, transports: string][] {
  return Object.entries(SERVICES).flatMap(([transports, text]) =>
    [...text.matchAll(/(\S+) (\d+)/g)].map(([, name, port]): [string, number, string] => [
      name!,
      Number(port),
      transports,
    ]),
  );
}

function makeTable(): Table {
  const byName = new Map<string, Map<string, number>>();
  const byPort = new Map<string, string>();
  for (const [name, port, transports] of rows()) {
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
