/** What the host has for engines and live capture: kernel settings and privileges, and what to do about each. */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface HostFact {
  readonly name: string;
  /** As found, in a few words. */
  readonly value: string;
  /** What would change it, where there is reason to. */
  readonly advice: string | undefined;
}

/** What this host offers engines and live capture besides V8. Settings: Linux Documentation/admin-guide/sysctl. */
export function hostFacts(): readonly HostFact[] {
  if (process.platform !== 'linux')
    return [
      libpcapFact(),
      { name: 'kernel', value: `${process.platform}: no BPF settings are known here`, advice: undefined },
    ];
  const setting = (path: string): string | undefined => {
    try {
      return readFileSync(path, 'utf8').trim();
    } catch {
      return undefined;
    }
  };
  const jit = setting('/proc/sys/net/core/bpf_jit_enable');
  const unprivileged = setting('/proc/sys/kernel/unprivileged_bpf_disabled');
  // CapEff: bit 13 is CAP_NET_RAW, bit 39 CAP_BPF (capability.h).
  const capabilities = /^CapEff:\s*([0-9a-f]+)/m.exec(setting('/proc/self/status') ?? '')?.[1] ?? '0';
  const has = (bit: bigint): boolean => ((BigInt(`0x${capabilities}`) >> bit) & 1n) === 1n;
  return [
    {
      name: 'net.core.bpf_jit_enable',
      value: jit ?? 'not readable',
      advice: jit === '0' ? 'the kernel interprets filters: sysctl net.core.bpf_jit_enable=1' : undefined,
    },
    {
      name: 'kernel.unprivileged_bpf_disabled',
      value: unprivileged ?? 'not readable',
      advice: unprivileged === '0' ? undefined : 'loading eBPF needs root or CAP_BPF',
    },
    {
      name: 'CAP_NET_RAW',
      value: has(13n) ? 'yes' : 'no',
      advice: has(13n) ? undefined : 'live capture needs it: run as root, or setcap cap_net_raw+ep on node',
    },
    {
      name: 'CAP_BPF',
      value: has(39n) ? 'yes' : 'no',
      advice: has(39n) ? undefined : 'loading eBPF into the kernel needs it, or root',
    },
    libpcapFact(),
  ];
}

/** libpcap comes with the package cap, whose native part is built when it is installed. */
function libpcapFact(): HostFact {
  const name = 'libpcap (package cap)';
  let folder: string | undefined;
  try {
    folder = dirname(createRequire(import.meta.url).resolve('cap/package.json'));
  } catch {
    folder = undefined;
  }
  if (folder !== undefined && existsSync(join(folder, 'build', 'Release', 'cap.node')))
    return { name, value: 'yes', advice: undefined };
  const install = 'install libpcap and its headers, then npm rebuild cap';
  const advice =
    process.platform === 'linux' ? `not needed: live capture uses a packet ring; ${install}` : install;
  return { name, value: 'no', advice };
}
