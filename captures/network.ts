/**
 * A small network of namespaces for making captures, and what runs programs in it and captures there.
 *
 *      client                    router                     server
 *     +-----------------+       +------+------+       +------------------+
 *     | 192.0.2.10      | eth0  | .1   | .1   | eth1  | 198.51.100.20    |
 *     | 2001:db8:1::10  |=======| ::1  | ::1  |=======| 2001:db8:2::20   |
 *     +-----------------+       +------+------+       +------------------+
 *
 *      left                      wire (relays)              right
 *     +-----------------+       +--------------------+      +------------------+
 *     | 203.0.113.1     | eth0  | port1 tunnel0 ==+  | eth0 | 203.0.113.2      |
 *     | 2001:db8:3::1   |=======| port2 tunnel1 ==+  |======| 2001:db8:3::2    |
 *     +-----------------+       +--------------------+      +------------------+
 *
 * Nothing is connected to any network outside. Needs root, iproute2, ethtool and tcpdump.
 */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

export type Host = 'client' | 'router' | 'server' | 'left' | 'wire' | 'right';

const HOSTS: readonly Host[] = ['client', 'router', 'server', 'left', 'wire', 'right'];

interface Port {
  readonly host: Host;
  readonly name: string;
  /** Locally administered. */
  readonly mac: string;
  readonly addresses: readonly string[];
}

// prettier-ignore
const LINKS: readonly (readonly [Port, Port])[] = [
  [
    {
      host: 'client',
      name: 'eth0',
      mac: '02:00:00:00:01:10',
      addresses: ['192.0.2.10/24', '2001:db8:1::10/64'],
    },
    {
      host: 'router',
      name: 'eth0',
      mac: '02:00:00:00:01:01',
      addresses: ['192.0.2.1/24', '2001:db8:1::1/64'],
    },
  ],
  [
    {
      host: 'router',
      name: 'eth1',
      mac: '02:00:00:00:02:01',
      addresses: ['198.51.100.1/24', '2001:db8:2::1/64'],
    },
    {
      host: 'server',
      name: 'eth0',
      mac: '02:00:00:00:02:20',
      addresses: ['198.51.100.20/24', '198.51.100.53/24', '2001:db8:2::20/64'],
    },
  ],
  [
    {
      host: 'left',
      name: 'eth0',
      mac: '02:00:00:00:03:01',
      addresses: ['203.0.113.1/24', '2001:db8:3::1/64'],
    },
    { host: 'wire', name: 'port1', mac: '02:00:00:00:03:0a', addresses: [] },
  ],
  [
    { host: 'wire', name: 'port2', mac: '02:00:00:00:03:0b', addresses: [] },
    {
      host: 'right',
      name: 'eth0',
      mac: '02:00:00:00:03:02',
      addresses: ['203.0.113.2/24', '2001:db8:3::2/64'],
    },
  ],
  [
    { host: 'wire', name: 'tunnel0', mac: '02:00:00:00:04:01', addresses: [] },
    { host: 'wire', name: 'tunnel1', mac: '02:00:00:00:04:02', addresses: [] },
  ],
];

/** Neighbours that need not be asked for, so that only the captures about asking show it. */
const NEIGHBOURS: readonly (readonly [Host, string, readonly string[], string])[] = [
  ['client', 'eth0', ['192.0.2.1', '2001:db8:1::1'], '02:00:00:00:01:01'],
  ['router', 'eth0', ['192.0.2.10', '2001:db8:1::10'], '02:00:00:00:01:10'],
  ['router', 'eth1', ['198.51.100.20', '198.51.100.53', '2001:db8:2::20'], '02:00:00:00:02:20'],
  ['server', 'eth0', ['198.51.100.1', '2001:db8:2::1'], '02:00:00:00:02:01'],
  ['left', 'eth0', ['203.0.113.2', '2001:db8:3::2'], '02:00:00:00:03:02'],
  ['right', 'eth0', ['203.0.113.1', '2001:db8:3::1'], '02:00:00:00:03:01'],
];

const namespace = (host: Host) => `weir-${host}`;

/** Runs a program in the namespace of a host and gives its output; a failure of it is none of ours. */
export function run(host: Host, command: string): string {
  const { stdout, stderr } = spawnSync('ip', ['netns', 'exec', namespace(host), 'sh', '-c', command], {
    encoding: 'utf8',
  });
  return stdout + stderr;
}

function must(command: string): void {
  const [program, ...rest] = command.split(' ');
  execFileSync(program!, rest, { stdio: ['ignore', 'ignore', 'inherit'] });
}

export async function buildNetwork(): Promise<void> {
  removeNetwork();
  for (const host of HOSTS) {
    must(`ip netns add ${namespace(host)}`);
    must(`ip -n ${namespace(host)} link set lo up`);
    // No address guessing or testing of the kernel's own: the wire is quiet unless a program talks.
    const quiet = 'net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0';
    run(host, `sysctl -qw ${quiet} net.ipv6.conf.default.router_solicitations=0`);
  }
  run('wire', 'sysctl -qw net.ipv6.conf.default.disable_ipv6=1');
  run('router', 'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1');
  for (const [one, other] of LINKS) {
    must(
      `ip link add ${one.name} netns ${namespace(one.host)} address ${one.mac} type veth ` +
        `peer name ${other.name} netns ${namespace(other.host)} address ${other.mac}`,
    );
    for (const { host, name, addresses } of [one, other]) {
      // What is captured has to be what a wire would carry: whole checksums, no segments above the MTU.
      run(host, `ethtool -K ${name} tx off rx off tso off gso off gro off`);
      for (const address of addresses) must(`ip -n ${namespace(host)} address add ${address} dev ${name}`);
      must(`ip -n ${namespace(host)} link set dev ${name} up`);
    }
  }
  must(`ip -n ${namespace('client')} route add default via 192.0.2.1`);
  must(`ip -n ${namespace('client')} route add default via 2001:db8:1::1`);
  must(`ip -n ${namespace('server')} route add default via 198.51.100.1`);
  must(`ip -n ${namespace('server')} route add default via 2001:db8:2::1`);
  for (const [host, port, addresses, mac] of NEIGHBOURS) {
    for (const address of addresses) {
      must(`ip -n ${namespace(host)} neighbour replace ${address} lladdr ${mac} nud permanent dev ${port}`);
    }
  }
  await setTimeout(3000); // multicast group reports of the links that came up
}

export function removeNetwork(): void {
  for (const host of HOSTS) spawnSync('ip', ['netns', 'delete', namespace(host)], { stdio: 'ignore' });
}

/** Starts a program and waits until it prints `ready`, on either of its outputs. */
export async function start(host: Host, command: string, ready: RegExp): Promise<ChildProcess> {
  const child = spawn('ip', ['netns', 'exec', namespace(host), 'sh', '-c', `exec ${command}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const look = (text: Buffer) => {
      output += text;
      if (ready.test(output)) resolve();
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('exit', () => reject(new Error(`${command} ended:\n${output}`)));
  });
  return child;
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGINT');
  const killer = globalThis.setTimeout(() => child.kill('SIGKILL'), 3000);
  await gone;
  clearTimeout(killer);
}

export interface CaptureRequest {
  readonly host: Host;
  readonly port: string;
  readonly file: string;
  /** Keeps to the subject: other packets on the wire are not captured. */
  readonly filter: string;
  /** More options for tcpdump. */
  readonly options?: string;
}

/** Captures while `action` runs. */
export async function capture(request: CaptureRequest, action: () => Promise<void> | void): Promise<void> {
  const { host, port, file, filter, options = '' } = request;
  const command = `tcpdump -n -Z root --immediate-mode -i ${port} -w ${file} ${options} '${filter}'`;
  const tcpdump = await start(host, command, /listening on/);
  try {
    await setTimeout(200);
    await action();
    await setTimeout(500);
  } finally {
    await stop(tcpdump);
  }
}
