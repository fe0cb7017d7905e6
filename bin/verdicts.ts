/** What programs answer, in the names that C has for it. Linux `include/uapi/linux/bpf.h`, `pkt_cls.h`. */

import type { HookName } from '../lib/command.js';

/** What becomes of a packet. */
export type Fate = 'drop' | 'pass' | 'tx' | 'redirect';

export interface VerdictName {
  readonly name: string;
  readonly fate: Fate;
}

const rows = (text: string, fates: readonly Fate[]): readonly VerdictName[] =>
  text.split(' ').map((name, index) => ({ name, fate: fates[index]! }));

const XDP = rows('XDP_ABORTED XDP_DROP XDP_PASS XDP_TX XDP_REDIRECT', [
  'drop',
  'drop',
  'pass',
  'tx',
  'redirect',
]);
const TC = rows(
  'TC_ACT_OK TC_ACT_RECLASSIFY TC_ACT_SHOT TC_ACT_PIPE TC_ACT_STOLEN TC_ACT_QUEUED TC_ACT_REPEAT TC_ACT_REDIRECT TC_ACT_TRAP',
  ['pass', 'pass', 'drop', 'pass', 'drop', 'drop', 'pass', 'redirect', 'drop'],
);
const ANY = 0xffff_ffff;

/** @param verdict - The lower half of r0, unsigned. */
export function verdictName(type: HookName, verdict: number): VerdictName {
  switch (type) {
    case 'xdp':
      return XDP[verdict] ?? { name: `XDP ${verdict}`, fate: 'drop' };
    case 'sched_cls':
    case 'sched_act':
      if (verdict === ANY) return { name: 'TC_ACT_UNSPEC', fate: 'pass' };
      return TC[verdict] ?? { name: `TC ${verdict | 0}`, fate: 'pass' };
    case 'socket_filter':
      return verdict === 0 ? { name: 'dropped', fate: 'drop' } : { name: 'kept', fate: 'pass' };
    case 'cgroup_skb':
      return (verdict & 1) === 1 ? { name: 'passed', fate: 'pass' } : { name: 'dropped', fate: 'drop' };
  }
}

/** What C returns for a packet that is not looked at further. */
export const GO_ON: Readonly<Record<HookName, string>> = {
  xdp: 'XDP_PASS',
  sched_cls: 'TC_ACT_OK',
  sched_act: 'TC_ACT_OK',
  socket_filter: '0',
  cgroup_skb: '1',
};
