/**
 * Helpers as Linux 6.18 has them: who may call each, what it takes and what it gives.
 *
 * This is what a verifier has to know; what helpers do is in `helpers.ts`. Numbers are those of
 * `include/uapi/linux/bpf.h`, signatures those of the `bpf_func_proto` of each. `lib/verify/tables.test.ts` asks the
 * running kernel about every row and every type of program.
 */

/** What a helper takes in one of r1 to r5. */
export type ArgumentKind =
  | 'anything'
  | 'context'
  /** The context, or the number 0. */
  | 'contextOrNull'
  | 'map'
  | 'mapKey'
  | 'mapValue'
  /** The same, or 0. */
  | 'mapValueOrNull'
  /** A value of the map that the helper fills. */
  | 'outMapValue'
  /** Bytes that are read, whose number is the next argument. */
  | 'memory'
  /** The same, or 0 with the size 0. */
  | 'memoryOrNull'
  /** Bytes that the helper fills, whose number is the next argument. */
  | 'outMemory'
  /** The same, or 0 with the size 0. */
  | 'outMemoryOrNull'
  /** Bytes that are read and written. */
  | 'inOutMemory'
  /** So many bytes that are read. */
  | 'fixed20'
  | 'fixed40'
  /** So many bytes, aligned, that the helper fills. */
  | 'outFixed4'
  | 'outFixed8'
  | 'size'
  | 'sizeOrZero'
  /** A function of the program. */
  | 'function'
  /** An address of the stack, for that function. */
  | 'stackOrNull'
  /** A constant: how many bytes to reserve. */
  | 'reservedSize'
  /** What was reserved, to be given back. */
  | 'reservedRecord'
  /** A lock, or a timer, in a value of a map. */
  | 'lock'
  | 'timer'
  /** Any socket. */
  | 'socket'
  /** One that was looked up, to be given back. */
  | 'releasedSocket'
  /** Any socket, or what one was told to be. */
  | 'anySocket'
  /** A structure of the kernel's that was looked up, to be given back. */
  | 'releasedStruct'
  /** Text that never changes. */
  | 'constantText';

export interface HelperSignature {
  readonly number: number;
  /** Without `bpf_`. */
  readonly name: string;
  /** Types of programs that may call it: S socket_filter, T sched_cls and sched_act, X xdp, C cgroup_skb. */
  readonly types: string;
  /** `undefined` where it takes what this project has no notion of (sockets, timers, callbacks …). */
  readonly arguments: readonly ArgumentKind[] | undefined;
  readonly result:
    | 'integer'
    | 'void'
    | 'mapValueOrNull'
    | 'mapValue'
    | 'recordOrNull'
    | 'acquiredSocketOrNull'
    | 'acquiredCommonSocketOrNull'
    /** The socket that was given, as one of all fields, or of TCP. */
    | 'fullSocketOrNull'
    | 'tcpSocketOrNull'
    | 'listenerOrNull'
    /** The socket that was given, as a structure of the kernel's; one that is to be given back. */
    | 'structOrNull'
    | 'acquiredStructOrNull'
    | 'unknown';
  /** The structure that it gives, or takes. */
  readonly struct?: string;
  /** Whether its memory may be packet bytes (`pkt_access`). */
  readonly packet?: boolean;
  /**
   * Whether addresses in the packet are void afterwards (`bpf_helper_changes_pkt_data`). Not those of a tail call, which
   * comes back only where nothing was called.
   */
  readonly changesPacket?: boolean;
  /** For users with CAP_BPF alone. */
  readonly privileged?: boolean | undefined;
  /** May sleep, which none of these programs may. */
  readonly sleeps?: boolean;
}

const row = (
  number: number,
  name: string,
  types: string,
  kinds: HelperSignature['arguments'],
  more: Partial<HelperSignature> = {},
): HelperSignature => ({
  number,
  name,
  types,
  arguments: kinds,
  result: kinds === undefined ? 'unknown' : 'integer',
  ...more,
});
const PRIVILEGED = { privileged: true };
const PACKET = { packet: true };
const CHANGES = { changesPacket: true };

// biome-ignore format: a table reads best with one row a line
export const SIGNATURES: readonly HelperSignature[] = [
  row(1, 'map_lookup_elem', 'STXC', ['map', 'mapKey'], { result: 'mapValueOrNull', packet: true }),
  row(2, 'map_update_elem', 'STXC', ['map', 'mapKey', 'mapValue', 'anything'], PACKET),
  row(3, 'map_delete_elem', 'STXC', ['map', 'mapKey'], PACKET),
  row(5, 'ktime_get_ns', 'STXC', []),
  row(6, 'trace_printk', 'STXC', ['memory', 'size'], PRIVILEGED),
  row(7, 'get_prandom_u32', 'STXC', []),
  row(8, 'get_smp_processor_id', 'STXC', []),
  row(9, 'skb_store_bytes', 'T', ['context', 'anything', 'memory', 'size', 'anything'], CHANGES),
  row(10, 'l3_csum_replace', 'T', ['context', 'anything', 'anything', 'anything', 'anything'], CHANGES),
  row(11, 'l4_csum_replace', 'T', ['context', 'anything', 'anything', 'anything', 'anything'], CHANGES),
  row(12, 'tail_call', 'STXC', ['context', 'map', 'anything'], { result: 'void' }),
  row(13, 'clone_redirect', 'T', ['context', 'anything', 'anything'], CHANGES),
  row(14, 'get_current_pid_tgid', 'STXC', []),
  row(15, 'get_current_uid_gid', 'STXC', []),
  row(16, 'get_current_comm', 'STXC', ['outMemory', 'size'], PRIVILEGED),
  row(17, 'get_cgroup_classid', 'SXC', [], PRIVILEGED),
  row(17, 'get_cgroup_classid', 'T', ['context']),
  row(18, 'skb_vlan_push', 'T', ['context', 'anything', 'anything'], CHANGES),
  row(19, 'skb_vlan_pop', 'T', ['context'], CHANGES),
  row(20, 'skb_get_tunnel_key', 'T', ['context', 'outMemory', 'size', 'anything']),
  row(21, 'skb_set_tunnel_key', 'T', ['context', 'memory', 'size', 'anything']),
  row(22, 'perf_event_read', 'STXC', ['map', 'anything'], PRIVILEGED),
  row(23, 'redirect', 'TX', ['anything', 'anything']),
  row(24, 'get_route_realm', 'T', ['context']),
  row(25, 'perf_event_output', 'STXC', ['context', 'map', 'anything', 'memory', 'sizeOrZero']),
  row(26, 'skb_load_bytes', 'STC', ['context', 'anything', 'outMemory', 'size']),
  row(28, 'csum_diff', 'TX', ['memoryOrNull', 'sizeOrZero', 'memoryOrNull', 'sizeOrZero', 'anything'], PACKET),
  row(29, 'skb_get_tunnel_opt', 'T', ['context', 'outMemory', 'size']),
  row(30, 'skb_set_tunnel_opt', 'T', ['context', 'memory', 'size']),
  row(31, 'skb_change_proto', 'T', ['context', 'anything', 'anything'], CHANGES),
  row(32, 'skb_change_type', 'T', ['context', 'anything']),
  row(33, 'skb_under_cgroup', 'T', ['context', 'map', 'anything']),
  row(34, 'get_hash_recalc', 'T', ['context']),
  row(35, 'get_current_task', 'STXC', [], PRIVILEGED),
  row(37, 'current_task_under_cgroup', 'STXC', ['map', 'anything'], PRIVILEGED),
  row(38, 'skb_change_tail', 'T', ['context', 'anything', 'anything'], CHANGES),
  row(39, 'skb_pull_data', 'T', ['context', 'anything'], CHANGES),
  row(40, 'csum_update', 'T', ['context', 'anything']),
  row(41, 'set_hash_invalid', 'T', ['context']),
  row(42, 'get_numa_node_id', 'STXC', []),
  row(43, 'skb_change_head', 'T', ['context', 'anything', 'anything'], CHANGES),
  row(44, 'xdp_adjust_head', 'X', ['context', 'anything'], CHANGES),
  row(46, 'get_socket_cookie', 'STC', ['context']),
  row(47, 'get_socket_uid', 'STC', ['context']),
  row(48, 'set_hash', 'T', ['context', 'anything']),
  row(50, 'skb_adjust_room', 'T', ['context', 'anything', 'anything', 'anything'], CHANGES),
  row(51, 'redirect_map', 'X', ['map', 'anything', 'anything']),
  row(54, 'xdp_adjust_meta', 'X', ['context', 'anything'], CHANGES),
  row(55, 'perf_event_read_value', 'STXC', ['map', 'anything', 'outMemory', 'size'], PRIVILEGED),
  row(65, 'xdp_adjust_tail', 'X', ['context', 'anything'], CHANGES),
  row(66, 'skb_get_xfrm_state', 'T', ['context', 'anything', 'outMemory', 'size', 'anything']),
  row(68, 'skb_load_bytes_relative', 'STC', ['context', 'anything', 'outMemory', 'size', 'anything']),
  row(69, 'fib_lookup', 'TX', ['context', 'inOutMemory', 'size', 'anything']),
  row(79, 'skb_cgroup_id', 'TC', ['context']),
  row(80, 'get_current_cgroup_id', 'STXC', [], PRIVILEGED),
  row(81, 'get_local_storage', 'C', ['map', 'anything'], { result: 'mapValue' }),
  row(83, 'skb_ancestor_cgroup_id', 'TC', ['context', 'anything']),
  row(84, 'sk_lookup_tcp', 'TXC', ['context', 'memory', 'sizeOrZero', 'anything', 'anything'], { result: 'acquiredSocketOrNull', packet: true }),
  row(85, 'sk_lookup_udp', 'TXC', ['context', 'memory', 'sizeOrZero', 'anything', 'anything'], { result: 'acquiredSocketOrNull', packet: true }),
  row(86, 'sk_release', 'TXC', ['releasedSocket']),
  row(87, 'map_push_elem', 'STXC', ['map', 'mapValue', 'anything'], PACKET),
  row(88, 'map_pop_elem', 'STXC', ['map', 'outMapValue']),
  row(89, 'map_peek_elem', 'STXC', ['map', 'outMapValue']),
  row(93, 'spin_lock', 'STXC', ['lock'], { result: 'void', privileged: true }),
  row(94, 'spin_unlock', 'STXC', ['lock'], { result: 'void', privileged: true }),
  row(95, 'sk_fullsock', 'TC', ['socket'], { result: 'fullSocketOrNull' }),
  row(96, 'tcp_sock', 'TC', ['socket'], { result: 'tcpSocketOrNull' }),
  row(97, 'skb_ecn_set_ce', 'TC', ['context']),
  row(98, 'get_listener_sock', 'TC', ['socket'], { result: 'listenerOrNull' }),
  row(99, 'skc_lookup_tcp', 'TXC', ['context', 'memory', 'sizeOrZero', 'anything', 'anything'], { result: 'acquiredCommonSocketOrNull', packet: true }),
  row(100, 'tcp_check_syncookie', 'TX', ['anySocket', 'memory', 'size', 'memory', 'size'], PACKET),
  row(105, 'strtol', 'STXC', ['memory', 'size', 'anything', 'outFixed8']),
  row(106, 'strtoul', 'STXC', ['memory', 'size', 'anything', 'outFixed8']),
  row(107, 'sk_storage_get', 'TC', ['map', 'anySocket', 'mapValueOrNull', 'anything'], { result: 'mapValueOrNull' }),
  row(108, 'sk_storage_delete', 'TC', ['map', 'anySocket']),
  row(109, 'send_signal', 'STXC', ['anything'], PRIVILEGED),
  row(110, 'tcp_gen_syncookie', 'TX', ['anySocket', 'memory', 'size', 'memory', 'size'], PACKET),
  row(112, 'probe_read_user', 'STXC', ['outMemory', 'sizeOrZero', 'anything'], PRIVILEGED),
  row(113, 'probe_read_kernel', 'STXC', ['outMemory', 'sizeOrZero', 'anything'], PRIVILEGED),
  row(114, 'probe_read_user_str', 'STXC', ['outMemory', 'sizeOrZero', 'anything'], PRIVILEGED),
  row(115, 'probe_read_kernel_str', 'STXC', ['outMemory', 'sizeOrZero', 'anything'], PRIVILEGED),
  row(117, 'send_signal_thread', 'STXC', ['anything'], PRIVILEGED),
  row(118, 'jiffies64', 'STXC', [], PRIVILEGED),
  row(120, 'get_ns_current_pid_tgid', 'STXC', ['anything', 'anything', 'outMemory', 'size']),
  row(122, 'get_netns_cookie', 'STC', ['contextOrNull']),
  row(123, 'get_current_ancestor_cgroup_id', 'STXC', ['anything'], PRIVILEGED),
  row(124, 'sk_assign', 'T', ['context', 'anySocket', 'anything']),
  row(125, 'ktime_get_boot_ns', 'STXC', []),
  row(128, 'sk_cgroup_id', 'C', ['anySocket']),
  row(129, 'sk_ancestor_cgroup_id', 'C', ['anySocket', 'anything']),
  row(130, 'ringbuf_output', 'STXC', ['map', 'memory', 'sizeOrZero', 'anything']),
  row(131, 'ringbuf_reserve', 'STXC', ['map', 'reservedSize', 'anything'], { result: 'recordOrNull' }),
  row(132, 'ringbuf_submit', 'STXC', ['reservedRecord', 'anything'], { result: 'void' }),
  row(133, 'ringbuf_discard', 'STXC', ['reservedRecord', 'anything'], { result: 'void' }),
  row(134, 'ringbuf_query', 'STXC', ['map', 'anything']),
  row(135, 'csum_level', 'T', ['context', 'anything']),
  row(136, 'skc_to_tcp6_sock', 'STXC', ['anySocket'], { result: 'structOrNull', struct: 'tcp6_sock', privileged: true }),
  row(137, 'skc_to_tcp_sock', 'STXC', ['anySocket'], { result: 'structOrNull', struct: 'tcp_sock', privileged: true }),
  row(138, 'skc_to_tcp_timewait_sock', 'STXC', ['anySocket'], { result: 'structOrNull', struct: 'tcp_timewait_sock', privileged: true }),
  row(139, 'skc_to_tcp_request_sock', 'STXC', ['anySocket'], { result: 'structOrNull', struct: 'tcp_request_sock', privileged: true }),
  row(140, 'skc_to_udp6_sock', 'STXC', ['anySocket'], { result: 'structOrNull', struct: 'udp6_sock', privileged: true }),
  row(141, 'get_task_stack', 'STXC', undefined, PRIVILEGED),
  row(148, 'copy_from_user', 'STXC', ['outMemory', 'sizeOrZero', 'anything'], { sleeps: true, privileged: true }),
  row(149, 'snprintf_btf', 'STXC', ['inOutMemory', 'size', 'memory', 'size', 'anything'], PRIVILEGED),
  row(151, 'skb_cgroup_classid', 'T', ['context']),
  row(152, 'redirect_neigh', 'T', ['anything', 'memoryOrNull', 'sizeOrZero', 'anything']),
  row(153, 'per_cpu_ptr', 'STXC', undefined, PRIVILEGED),
  row(154, 'this_cpu_ptr', 'STXC', undefined, PRIVILEGED),
  row(155, 'redirect_peer', 'T', ['anything', 'anything']),
  row(156, 'task_storage_get', 'STXC', undefined, PRIVILEGED),
  row(157, 'task_storage_delete', 'STXC', undefined, PRIVILEGED),
  row(158, 'get_current_task_btf', 'STXC', undefined, PRIVILEGED),
  row(160, 'ktime_get_coarse_ns', 'STXC', []),
  row(163, 'check_mtu', 'TX', ['context', 'anything', 'outFixed4', 'anything', 'anything']),
  row(164, 'for_each_map_elem', 'STXC', ['map', 'function', 'stackOrNull', 'anything'], PRIVILEGED),
  row(165, 'snprintf', 'STXC', ['outMemoryOrNull', 'sizeOrZero', 'constantText', 'memoryOrNull', 'sizeOrZero'], PRIVILEGED),
  row(169, 'timer_init', 'STXC', ['timer', 'map', 'anything'], PRIVILEGED),
  row(170, 'timer_set_callback', 'STXC', ['timer', 'function'], PRIVILEGED),
  row(171, 'timer_start', 'STXC', ['timer', 'anything', 'anything'], PRIVILEGED),
  row(172, 'timer_cancel', 'STXC', ['timer'], PRIVILEGED),
  row(175, 'task_pt_regs', 'STXC', undefined, PRIVILEGED),
  row(176, 'get_branch_snapshot', 'STXC', ['outMemory', 'sizeOrZero'], PRIVILEGED),
  row(177, 'trace_vprintk', 'STXC', ['memory', 'size', 'memoryOrNull', 'sizeOrZero'], PRIVILEGED),
  row(178, 'skc_to_unix_sock', 'STXC', ['anySocket'], { result: 'structOrNull', struct: 'unix_sock', privileged: true }),
  row(180, 'find_vma', 'STXC', undefined, PRIVILEGED),
  row(181, 'loop', 'STXC', ['anything', 'function', 'stackOrNull', 'anything'], PRIVILEGED),
  row(182, 'strncmp', 'STXC', ['memory', 'size', 'constantText']),
  row(188, 'xdp_get_buff_len', 'X', ['context']),
  row(189, 'xdp_load_bytes', 'X', ['context', 'anything', 'outMemory', 'size']),
  row(190, 'xdp_store_bytes', 'X', ['context', 'anything', 'memory', 'size']),
  row(191, 'copy_from_user_task', 'STXC', undefined, { sleeps: true, privileged: true }),
  row(192, 'skb_set_tstamp', 'T', ['context', 'anything', 'anything']),
  row(194, 'kptr_xchg', 'STXC', undefined, PRIVILEGED),
  row(195, 'map_lookup_percpu_elem', 'STXC', ['map', 'mapKey', 'anything'], { result: 'mapValueOrNull', packet: true }),
  row(196, 'skc_to_mptcp_sock', 'STXC', ['anySocket'], { result: 'structOrNull', struct: 'mptcp_sock', privileged: true }),
  row(197, 'dynptr_from_mem', 'STXC', undefined, PRIVILEGED),
  row(198, 'ringbuf_reserve_dynptr', 'STXC', undefined, PRIVILEGED),
  row(199, 'ringbuf_submit_dynptr', 'STXC', undefined, PRIVILEGED),
  row(200, 'ringbuf_discard_dynptr', 'STXC', undefined, PRIVILEGED),
  row(201, 'dynptr_read', 'STXC', undefined, PRIVILEGED),
  row(202, 'dynptr_write', 'STXC', undefined, PRIVILEGED),
  row(203, 'dynptr_data', 'STXC', undefined, PRIVILEGED),
  row(204, 'tcp_raw_gen_syncookie_ipv4', 'TX', ['fixed20', 'memory', 'sizeOrZero'], PACKET),
  row(205, 'tcp_raw_gen_syncookie_ipv6', 'TX', ['fixed40', 'memory', 'sizeOrZero'], PACKET),
  row(206, 'tcp_raw_check_syncookie_ipv4', 'TX', ['fixed20', 'fixed20'], PACKET),
  row(207, 'tcp_raw_check_syncookie_ipv6', 'TX', ['fixed40', 'fixed20'], PACKET),
  row(208, 'ktime_get_tai_ns', 'STXC', []),
  row(209, 'user_ringbuf_drain', 'STXC', undefined, PRIVILEGED),
  row(210, 'cgrp_storage_get', 'STXC', undefined, PRIVILEGED),
  row(211, 'cgrp_storage_delete', 'STXC', undefined, PRIVILEGED),
];

/** Helpers for programs under the GPL alone (`gpl_only`), and what Linux takes for that (`license_is_gpl_compatible`). */
export const GPL_ONLY: ReadonlySet<number> = new Set([
  6, 22, 25, 35, 55, 69, 100, 110, 112, 113, 114, 115, 158, 163, 165, 169, 170, 171, 172, 175, 176, 177, 191,
  204, 205, 206, 207,
]);
export const isGpl = (license: string): boolean =>
  /^(?:GPL(?: v2| and additional rights)?|Dual (?:BSD|MIT|MPL)\/GPL)$/.test(license);

const byKey = new Map(
  SIGNATURES.flatMap((row) => [...row.types].map((letter) => [`${row.number}${letter}`, row] as const)),
);

/** The row of a helper for one type of programs, by its letter. */
export const signatureFor = (number: number, letter: string): HelperSignature | undefined =>
  byKey.get(`${number}${letter}`);

const byNumber = new Map(SIGNATURES.map((row) => [row.number, row]));

/** A row of a helper that some type of program may call: all have its name. */
export const signatureOf = (number: number): HelperSignature | undefined => byNumber.get(number);

/** Tail calls, and helpers of types of programs that are not here: of messages, tunnels and options of TCP. */
const MOVE_BESIDES: ReadonlySet<number> = new Set([12, 63, 73, 74, 75, 76, 90, 91, 143]);

/** Whether a function with a call of a helper, reached or not, may have moved the packet (`bpf_helper_changes_pkt_data`). */
export const mayMovePacket = (number: number): boolean =>
  signatureOf(number)?.changesPacket === true || MOVE_BESIDES.has(number);
