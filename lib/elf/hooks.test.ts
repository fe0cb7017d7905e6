import test from 'ava';
import { hookOfSection } from './index.js';

// libbpf 1.1 `section_defs`, and names that iproute2 and Cilium's loader take.
const ROWS: readonly (readonly [section: string, type: string | undefined])[] = [
  ['xdp', 'xdp'],
  ['xdp/cpumap', 'xdp'],
  ['xdp.frags', 'xdp'],
  ['xdp_drop', 'xdp'],
  ['?xdp', 'xdp'],
  ['tc', 'sched_cls'],
  ['tc/ingress', 'sched_cls'],
  ['tcx/egress', 'sched_cls'],
  ['classifier', 'sched_cls'],
  ['classifier/x', 'sched_cls'],
  ['from-container', undefined],
  ['action', 'sched_act'],
  ['socket', 'socket_filter'],
  ['socket1', 'socket_filter'],
  ['cgroup/skb', 'cgroup_skb'],
  ['cgroup_skb/ingress', 'cgroup_skb'],
  ['cgroup_skb/egress', 'cgroup_skb'],
  ['netkit/peer', 'sched_cls'],
  ['kprobe/do_exit', undefined],
  ['sk_skb/stream_parser', undefined],
  ['lwt_in', undefined],
];

for (const [section, type] of ROWS)
  test(`section ${section} is of ${type ?? 'no hook that packets come to'}`, (t) => {
    t.is(hookOfSection(section)?.type, type as never);
    t.is(hookOfSection(section)?.egress === true, section === 'cgroup_skb/egress');
  });
