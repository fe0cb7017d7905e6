/**
 * What kind of program a section holds, by its name. libbpf `section_defs`: a name stands alone or is followed by a
 * slash and more; names of older loaders may be followed by anything.
 */

/** What a program of this project is verified and run as. */
export type HookName = 'socket_filter' | 'sched_cls' | 'sched_act' | 'xdp' | 'cgroup_skb';

export interface SectionHook {
  readonly type: HookName;
  /** Programs of cgroups, or in maps of devices, that see what leaves. */
  readonly egress?: boolean;
}

interface Row extends SectionHook {
  readonly name: string;
  /** `exact`: nothing follows; `slash`: nothing, or a slash and more; `any`: whatever follows. */
  readonly rest: 'exact' | 'slash' | 'any';
}

// biome-ignore format: a table reads best with one row a line
const ROWS: readonly Row[] = [
  { name: 'netkit', type: 'sched_cls', rest: 'slash' },
  { name: 'cgroup_skb/egress', type: 'cgroup_skb', rest: 'exact', egress: true },
  { name: 'cgroup/skb', type: 'cgroup_skb', rest: 'exact' },
  { name: 'cgroup_skb', type: 'cgroup_skb', rest: 'slash' },
  { name: 'xdp/devmap', type: 'xdp', rest: 'slash', egress: true },
  { name: 'xdp.frags/devmap', type: 'xdp', rest: 'slash', egress: true },
  { name: 'xdp_devmap', type: 'xdp', rest: 'any', egress: true },
  // Followed by whatever there is, as libbpf before version 1, iproute2 and Cilium take them: `xdp.frags`, `tcx/ingress`.
  { name: 'xdp', type: 'xdp', rest: 'any' },
  { name: 'tc', type: 'sched_cls', rest: 'any' },
  { name: 'classifier', type: 'sched_cls', rest: 'any' },
  { name: 'ingress', type: 'sched_cls', rest: 'any' },
  { name: 'egress', type: 'sched_cls', rest: 'any' },
  { name: 'action', type: 'sched_act', rest: 'any' },
  { name: 'socket', type: 'socket_filter', rest: 'any' },
  { name: 'prog', type: 'sched_cls', rest: 'exact' },
];

/** `undefined` for programs that no packet comes to, and for names that say nothing. */
export function hookOfSection(name: string): SectionHook | undefined {
  // A question mark means: not loaded unless asked for.
  const bare = name.replace(/^\?/, '');
  return ROWS.find(({ name: known, rest }) => {
    if (bare === known) return true;
    return rest !== 'exact' && bare.startsWith(rest === 'slash' ? `${known}/` : known);
  });
}
