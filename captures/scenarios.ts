/**
 * What is captured: one row a file. `run` makes the traffic, with real programs where there are any.
 */

import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type CaptureRequest, run, start, stop } from './network.js';

export interface Scenario extends CaptureRequest {
  /** One line for the README. */
  readonly about: string;
  readonly run: () => Promise<void> | void;
  /** What has to run on the host before capturing can start. */
  readonly beside?: string;
}

const node = (file: string, args = '') =>
  `${process.execPath} ${join(fileURLToPath(import.meta.url), '..', file)} ${args}`;
const service = (args: string) => node('services.js', args);

/** Runs `action` beside a program that was started in the server's namespace. */
async function beside(
  host: Parameters<typeof start>[0],
  command: string,
  ready: RegExp,
  action: () => Promise<void> | void,
): Promise<void> {
  const child = await start(host, command, ready);
  try {
    await action();
    await setTimeout(200);
  } finally {
    await stop(child);
  }
}

const HTTP = 'http://198.51.100.20';
const CURL = 'curl -s -o /dev/null --max-time 5';
const DIG = 'dig +tries=1 +time=2 +nocookie';

const DNSMASQ = [
  'dnsmasq --keep-in-foreground --log-facility=- --conf-file=/dev/null --no-resolv --no-hosts --user=root',
  '--bind-interfaces --listen-address=198.51.100.20 --local=/example.org/',
  '--host-record=www.example.org,198.51.100.20,2001:db8:2::20 --cname=web.example.org,www.example.org',
  '--mx-host=example.org,mail.example.org,10 --host-record=mail.example.org,198.51.100.25',
  `--txt-record=long.example.org,${Array.from({ length: 4 }, (_, i) => `${i}`.repeat(200)).join(',')}`,
].join(' ');

const DHCP_SERVER = [
  'dnsmasq --keep-in-foreground --log-facility=- --conf-file=/dev/null --no-resolv --no-hosts --user=root --port=0',
  '--interface=eth0 --bind-interfaces --no-ping --leasefile-ro --dhcp-range=192.0.2.100,192.0.2.150,1h',
  '--dhcp-option=option:dns-server,198.51.100.20 --dhcp-option=option:domain-name,example.org',
  '--enable-ra --dhcp-range=2001:db8:1::100,2001:db8:1::1ff,64,1h',
].join(' ');

/** Traffic through a wrapped wire, captured inside. */
function wrapped(file: string, about: string, wrapping: string, commands: readonly string[]): Scenario {
  return {
    file,
    about,
    host: 'wire',
    port: 'tunnel0',
    filter: '',
    run: () =>
      beside('wire', node('wire.js', wrapping), /ready/, () => {
        for (const command of commands) run('left', command);
      }),
  };
}

const PING_RIGHT = 'ping -c 2 -i 0.2 203.0.113.2';

export const SCENARIOS: readonly Scenario[] = [
  {
    file: 'arp.pcap',
    about: 'ARP: request and reply, probe of an unused and a used address, gratuitous announcements',
    host: 'client',
    port: 'eth0',
    filter: 'arp',
    run() {
      run('client', 'ip neighbour del 192.0.2.1 dev eth0; ping -c 1 192.0.2.1');
      run('client', 'arping -c 2 -w 2 -D -I eth0 192.0.2.77; arping -c 1 -w 2 -D -I eth0 192.0.2.1');
      run('client', 'arping -c 1 -U -I eth0 192.0.2.10; arping -c 1 -A -I eth0 192.0.2.10');
      run('client', 'ip neighbour replace 192.0.2.1 lladdr 02:00:00:00:01:01 nud permanent dev eth0');
    },
  },
  {
    file: 'icmp-echo.pcap',
    about: 'ICMP echo: three requests and replies, one with the record-route option',
    host: 'client',
    port: 'eth0',
    filter: 'icmp',
    run: () => void run('client', 'ping -c 2 -i 0.2 198.51.100.20; ping -R -c 1 198.51.100.20'),
  },
  {
    file: 'icmp-errors.pcap',
    about: 'ICMP errors: port, net and host unreachable, prohibited, fragmentation needed, time exceeded',
    host: 'client',
    port: 'eth0',
    filter: 'icmp or udp',
    async run() {
      run('router', 'ip route add prohibit 203.0.113.0/25; ip link set eth1 mtu 1280');
      run('client', service('udp 198.51.100.20 33434 20'));
      run('client', 'ping -c 1 -W 1 203.0.113.9; ping -c 1 -W 1 203.0.113.200; ping -c 1 -t 1 198.51.100.20');
      run('client', 'ping -c 1 -W 1 -M do -s 1400 198.51.100.20; ping -c 1 -W 4 198.51.100.99');
      run('router', 'ip link set eth1 mtu 1500; ip route del prohibit 203.0.113.0/25');
      run('client', 'ip route flush cache');
    },
  },
  {
    file: 'icmp6.pcap',
    about: 'ICMPv6: echo, port unreachable, no route, time exceeded, packet too big',
    host: 'client',
    port: 'eth0',
    filter: 'icmp6 or udp',
    run() {
      run('router', 'ip link set eth1 mtu 1280');
      run('client', 'ping -c 2 -i 0.2 2001:db8:2::20; ping -c 1 -W 1 -t 1 2001:db8:2::20');
      run('client', service('udp 2001:db8:2::20 33434 20'));
      run('client', 'ping -c 1 -W 1 2001:db8:ff::1; ping -c 1 -W 1 -M do -s 1400 2001:db8:2::20');
      run('router', 'ip link set eth1 mtu 1500');
      run('client', 'ip -6 route flush cache');
    },
  },
  {
    file: 'nd.pcap',
    about: 'Neighbour discovery: duplicate address detection, router solicitation and advertisement, MLD',
    host: 'router',
    port: 'eth0',
    filter: 'icmp6',
    run: () =>
      beside('router', DHCP_SERVER, /router advertisement/i, async () => {
        const knobs = 'net.ipv6.conf.eth0.accept_dad=1 net.ipv6.conf.eth0.accept_ra=2';
        run('client', `sysctl -qw ${knobs} net.ipv6.conf.eth0.router_solicitations=2`);
        run('client', 'ip link set eth0 down; ip link set eth0 up');
        await setTimeout(4000);
        run('client', 'ping -c 1 2001:db8:1::1');
        run('client', 'sysctl -qw net.ipv6.conf.eth0.accept_ra=0 net.ipv6.conf.eth0.accept_dad=0');
        run('client', 'ip -6 address flush dev eth0; ip address add 2001:db8:1::10/64 dev eth0');
        run('client', 'ip neighbour replace 192.0.2.1 lladdr 02:00:00:00:01:01 nud permanent dev eth0');
        run('client', 'ip neighbour replace 2001:db8:1::1 lladdr 02:00:00:00:01:01 nud permanent dev eth0');
        run(
          'client',
          'ip route replace default via 192.0.2.1; ip -6 route replace default via 2001:db8:1::1',
        );
      }),
  },
  {
    file: 'dhcp.pcap',
    about: 'DHCP: discover, offer, request, acknowledgement',
    host: 'client',
    port: 'eth0',
    filter: 'udp port 67 or udp port 68',
    run: () =>
      beside('router', DHCP_SERVER, /DHCP, IP range/, () => {
        run('client', 'udhcpc -i eth0 -f -q -n -s /bin/true -x hostname:weir');
      }),
  },
  {
    file: 'dns.pcap',
    about:
      'DNS over UDP: A, AAAA, CNAME, MX, NXDOMAIN, SERVFAIL, REFUSED, and a truncated answer asked again over TCP',
    host: 'client',
    port: 'eth0',
    filter: 'port 53',
    run: () =>
      beside('server', DNSMASQ, /started/, () =>
        beside('server', service('servfail'), /ready/, () => {
          for (const question of [
            'A www.example.org',
            'AAAA www.example.org',
            'A web.example.org',
            'MX example.org',
          ])
            run('client', `${DIG} @198.51.100.20 ${question}`);
          run(
            'client',
            `${DIG} @198.51.100.20 A missing.example.org; ${DIG} @198.51.100.53 A www.example.org`,
          );
          run('client', `${DIG} @198.51.100.20 A www.example.net`);
          run('client', `${DIG} +noedns @198.51.100.20 TXT long.example.org`);
        }),
      ),
  },
  {
    file: 'dns-tcp.pcap',
    about: 'DNS over TCP: two questions, one answer with NXDOMAIN',
    host: 'client',
    port: 'eth0',
    filter: 'port 53',
    run: () =>
      beside('server', DNSMASQ, /started/, () => {
        run('client', `${DIG} +tcp @198.51.100.20 TXT long.example.org`);
        run('client', `${DIG} +tcp @198.51.100.20 A missing.example.org`);
      }),
  },
  {
    file: 'http.pcap',
    about: 'HTTP/1.1: GET, GET of what is not there, POST',
    host: 'client',
    port: 'eth0',
    filter: 'tcp',
    options: '--nano',
    run: () =>
      beside('server', service('http'), /ready/, () => {
        run('client', `${CURL} ${HTTP}/; ${CURL} ${HTTP}/missing; ${CURL} -d name=value ${HTTP}/form`);
      }),
  },
  {
    file: 'http6.pcap',
    about: 'HTTP over IPv6: one GET',
    host: 'client',
    port: 'eth0',
    filter: 'tcp',
    run: () =>
      beside(
        'server',
        service('http'),
        /ready/,
        () => void run('client', `${CURL} 'http://[2001:db8:2::20]/'`),
      ),
  },
  {
    file: 'transfer.pcap',
    about: 'A transfer of 40,000 bytes, packets cut to 96 bytes',
    host: 'client',
    port: 'eth0',
    filter: 'tcp',
    options: '-s 96 -c 40',
    run: () => beside('server', service('http'), /ready/, () => void run('client', `${CURL} ${HTTP}/large`)),
  },
  {
    file: 'tls.pcap',
    about: 'TLS 1.3 and TLS 1.2: handshake with server name, one request each',
    host: 'client',
    port: 'eth0',
    filter: 'tcp',
    async run() {
      run(
        'server',
        'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=www.example.org -keyout /tmp/weir-key.pem -out /tmp/weir-cert.pem',
      );
      await beside('server', service('https /tmp/weir-key.pem /tmp/weir-cert.pem'), /ready/, () => {
        const url = '-k --resolve www.example.org:443:198.51.100.20 https://www.example.org/';
        run('client', `${CURL} ${url}; ${CURL} --tls-max 1.2 ${url}; rm -f /tmp/weir-*.pem`);
      });
    },
  },
  {
    file: 'ssh.pcap',
    about: 'SSH: banners, key exchange, a login that is refused',
    host: 'client',
    port: 'eth0',
    filter: 'tcp port 22',
    options: '-c 40',
    async run() {
      run(
        'server',
        'mkdir -p /run/sshd; rm -f /tmp/weir-host*; ssh-keygen -q -t ed25519 -N "" -f /tmp/weir-host',
      );
      const sshd = '/usr/sbin/sshd -D -e -f /dev/null -h /tmp/weir-host -o UsePAM=no -o PidFile=none';
      await beside('server', sshd, /listening/i, () => {
        const options = '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes';
        run('client', `ssh -F /dev/null ${options} guest@198.51.100.20 true; rm -f /tmp/weir-host*`);
      });
    },
  },
  {
    file: 'tcp-reset.pcap',
    about: 'TCP resets: a connection aborted by the server, a connection refused',
    host: 'client',
    port: 'eth0',
    filter: 'tcp',
    run: () =>
      beside('server', service('resetting'), /ready/, () => void run('client', service('reset-query'))),
  },
  {
    file: 'port-scan.pcap',
    about: 'TCP connections tried on eight ports, two of them open',
    host: 'client',
    port: 'eth0',
    filter: 'tcp',
    run: () =>
      beside('server', service('http'), /ready/, () =>
        beside('server', service('resetting'), /ready/, () => {
          for (const port of [9, 21, 22, 23, 25, 80, 110, 143])
            run('client', `nc -z -w 1 198.51.100.20 ${port}`);
        }),
      ),
  },
  {
    file: 'ntp.pcap',
    about: 'NTP: two requests and answers',
    host: 'client',
    port: 'eth0',
    filter: 'udp',
    run: () => beside('server', service('ntp'), /ready/, () => void run('client', service('ntp-query'))),
  },
  {
    file: 'quic.pcap',
    about: 'UDP port 443 with QUIC version 1 headers: Initial, Handshake, short headers (payload random)',
    host: 'client',
    port: 'eth0',
    filter: 'udp',
    run: () => beside('server', service('quic'), /ready/, () => void run('client', service('quic-query'))),
  },
  {
    file: 'multicast.pcap',
    about: 'Multicast: IGMP reports, an mDNS question and answer, an SSDP search',
    host: 'client',
    port: 'eth0',
    filter: 'ip multicast',
    run: () => beside('router', service('mdns'), /ready/, () => void run('client', service('mdns-query'))),
  },
  {
    file: 'broadcast.pcap',
    about: 'UDP to the subnet broadcast address and to 255.255.255.255',
    host: 'client',
    port: 'eth0',
    filter: 'udp',
    run: () => void run('client', service('broadcast')),
  },
  {
    file: 'private-addresses.pcap',
    about: 'Packets for RFC 1918 and link-local addresses on their way out, refused by the router',
    host: 'client',
    port: 'eth0',
    filter: 'icmp',
    run: () => {
      for (const address of ['10.0.0.5', '172.16.3.4', '192.168.1.1', '169.254.7.7'])
        run('client', `ping -c 1 -W 1 ${address}`);
    },
  },
  {
    file: 'fragments.pcap',
    about: 'IPv4 and IPv6 fragments: echo of 4,000 bytes, a UDP datagram of 3,000 bytes',
    host: 'client',
    port: 'eth0',
    filter: '',
    options: '-s 128',
    run() {
      run('client', 'ping -c 1 -s 4000 198.51.100.20; ping -c 1 -s 4000 2001:db8:2::20');
      run('client', service('udp 198.51.100.20 5000 3000'));
    },
  },
  {
    file: 'udplite.pcap',
    about: 'UDP-Lite: datagrams to a closed port, refused',
    host: 'client',
    port: 'eth0',
    filter: '',
    run: () => void run('client', node('wire.js', 'udplite')),
  },
  {
    file: 'vxlan.pcap',
    about: 'VXLAN, network 42, UDP port 4789: ARP and echo inside',
    host: 'client',
    port: 'eth0',
    filter: 'udp port 4789',
    run() {
      const add = (local: string, remote: string, mac: string, inner: string) =>
        `ip link add vx type vxlan id 42 dstport 4789 local ${local} remote ${remote}; ` +
        `ip link set vx address ${mac}; ip address add ${inner} dev vx; ip link set vx addrgenmode none up`;
      run('client', add('192.0.2.10', '198.51.100.20', '02:00:00:00:05:01', '203.0.113.65/26'));
      run('server', add('198.51.100.20', '192.0.2.10', '02:00:00:00:05:02', '203.0.113.66/26'));
      run('client', 'ping -c 2 -i 0.2 203.0.113.66; ip link del vx');
      run('server', 'ip link del vx');
    },
  },
  wrapped('vlan.pcap', 'VLAN 5, priority 3: echo', 'vlan', [PING_RIGHT]),
  wrapped('qinq.pcap', '802.1ad: service VLAN 100 around customer VLAN 7: echo', 'qinq', [PING_RIGHT]),
  wrapped('mpls.pcap', 'MPLS, two labels: echo', 'mpls', [PING_RIGHT]),
  wrapped('pppoe.pcap', 'PPPoE session: echo', 'pppoe', [PING_RIGHT]),
  wrapped('gre.pcap', 'GRE with a key: echo', 'gre', [PING_RIGHT]),
  wrapped('ipip.pcap', 'IPv4 in IPv4: echo', 'ipip', [PING_RIGHT]),
  wrapped(
    'ipv6-extensions.pcap',
    'IPv6 with hop-by-hop and destination options: echo, a refused UDP datagram',
    'extensions',
    ['ping -c 2 -i 0.2 2001:db8:3::2', service('udp 2001:db8:3::2 33434 20')],
  ),
  {
    file: 'any.pcap',
    about: 'All interfaces of a router (link type LINUX_SLL2): an echo that it forwards',
    host: 'router',
    port: 'any',
    filter: 'icmp or icmp6',
    run: () => void run('client', 'ping -c 1 198.51.100.20; ping -c 1 2001:db8:2::20'),
  },
  {
    file: 'any-sll.pcap',
    about: 'The same with the older link type LINUX_SLL',
    host: 'router',
    port: 'any',
    filter: 'icmp or icmp6',
    options: '-y LINUX_SLL',
    run: () => void run('client', 'ping -c 1 198.51.100.20; ping -c 1 2001:db8:2::20'),
  },
  {
    file: 'raw-ip.pcap',
    about: 'A tunnel interface without link layer (link type RAW): echo',
    host: 'left',
    port: 'tun0',
    filter: 'icmp',
    run: () => void run('left', 'ping -c 2 -i 0.2 -W 1 192.0.2.200'),
    beside: node('wire.js', 'tunnel'),
  },
];
