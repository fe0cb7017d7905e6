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

// biome-ignore format: a table reads best with one row a line
export const SIGNATURES: readonly HelperSignature[] = [
  { number: 1, name: 'map_lookup_elem', types: 'STXC', arguments: ['map', 'mapKey'], result: 'mapValueOrNull', packet: true },
  { number: 2, name: 'map_update_elem', types: 'STXC', arguments: ['map', 'mapKey', 'mapValue', 'anything'], result: 'integer', packet: true },
  { number: 3, name: 'map_delete_elem', types: 'STXC', arguments: ['map', 'mapKey'], result: 'integer', packet: true },
  { number: 5, name: 'ktime_get_ns', types: 'STXC', arguments: [], result: 'integer' },
  { number: 6, name: 'trace_printk', types: 'STXC', arguments: ['memory', 'size'], result: 'integer', privileged: true },
  { number: 7, name: 'get_prandom_u32', types: 'STXC', arguments: [], result: 'integer' },
  { number: 8, name: 'get_smp_processor_id', types: 'STXC', arguments: [], result: 'integer' },
  { number: 9, name: 'skb_store_bytes', types: 'T', arguments: ['context', 'anything', 'memory', 'size', 'anything'], result: 'integer', changesPacket: true },
  { number: 10, name: 'l3_csum_replace', types: 'T', arguments: ['context', 'anything', 'anything', 'anything', 'anything'], result: 'integer', changesPacket: true },
  { number: 11, name: 'l4_csum_replace', types: 'T', arguments: ['context', 'anything', 'anything', 'anything', 'anything'], result: 'integer', changesPacket: true },
  { number: 12, name: 'tail_call', types: 'STXC', arguments: ['context', 'map', 'anything'], result: 'void' },
  { number: 13, name: 'clone_redirect', types: 'T', arguments: ['context', 'anything', 'anything'], result: 'integer', changesPacket: true },
  { number: 14, name: 'get_current_pid_tgid', types: 'STXC', arguments: [], result: 'integer' },
  { number: 15, name: 'get_current_uid_gid', types: 'STXC', arguments: [], result: 'integer' },
  { number: 16, name: 'get_current_comm', types: 'STXC', arguments: ['outMemory', 'size'], result: 'integer', privileged: true },
  { number: 17, name: 'get_cgroup_classid', types: 'SXC', arguments: [], result: 'integer', privileged: true },
  { number: 17, name: 'get_cgroup_classid', types: 'T', arguments: ['context'], result: 'integer' },
  { number: 18, name: 'skb_vlan_push', types: 'T', arguments: ['context', 'anything', 'anything'], result: 'integer', changesPacket: true },
  { number: 19, name: 'skb_vlan_pop', types: 'T', arguments: ['context'], result: 'integer', changesPacket: true },
  { number: 20, name: 'skb_get_tunnel_key', types: 'T', arguments: ['context', 'outMemory', 'size', 'anything'], result: 'integer' },
  { number: 21, name: 'skb_set_tunnel_key', types: 'T', arguments: ['context', 'memory', 'size', 'anything'], result: 'integer' },
  { number: 22, name: 'perf_event_read', types: 'STXC', arguments: ['map', 'anything'], result: 'integer', privileged: true },
  { number: 23, name: 'redirect', types: 'TX', arguments: ['anything', 'anything'], result: 'integer' },
  { number: 24, name: 'get_route_realm', types: 'T', arguments: ['context'], result: 'integer' },
  { number: 25, name: 'perf_event_output', types: 'STXC', arguments: ['context', 'map', 'anything', 'memory', 'sizeOrZero'], result: 'integer' },
  { number: 26, name: 'skb_load_bytes', types: 'STC', arguments: ['context', 'anything', 'outMemory', 'size'], result: 'integer' },
  { number: 28, name: 'csum_diff', types: 'TX', arguments: ['memoryOrNull', 'sizeOrZero', 'memoryOrNull', 'sizeOrZero', 'anything'], result: 'integer', packet: true },
  { number: 29, name: 'skb_get_tunnel_opt', types: 'T', arguments: ['context', 'outMemory', 'size'], result: 'integer' },
  { number: 30, name: 'skb_set_tunnel_opt', types: 'T', arguments: ['context', 'memory', 'size'], result: 'integer' },
  { number: 31, name: 'skb_change_proto', types: 'T', arguments: ['context', 'anything', 'anything'], result: 'integer', changesPacket: true },
  { number: 32, name: 'skb_change_type', types: 'T', arguments: ['context', 'anything'], result: 'integer' },
  { number: 33, name: 'skb_under_cgroup', types: 'T', arguments: ['context', 'map', 'anything'], result: 'integer' },
  { number: 34, name: 'get_hash_recalc', types: 'T', arguments: ['context'], result: 'integer' },
  { number: 35, name: 'get_current_task', types: 'STXC', arguments: [], result: 'integer', privileged: true },
  { number: 37, name: 'current_task_under_cgroup', types: 'STXC', arguments: ['map', 'anything'], result: 'integer', privileged: true },
  { number: 38, name: 'skb_change_tail', types: 'T', arguments: ['context', 'anything', 'anything'], result: 'integer', changesPacket: true },
  { number: 39, name: 'skb_pull_data', types: 'T', arguments: ['context', 'anything'], result: 'integer', changesPacket: true },
  { number: 40, name: 'csum_update', types: 'T', arguments: ['context', 'anything'], result: 'integer' },
  { number: 41, name: 'set_hash_invalid', types: 'T', arguments: ['context'], result: 'integer' },
  { number: 42, name: 'get_numa_node_id', types: 'STXC', arguments: [], result: 'integer' },
  { number: 43, name: 'skb_change_head', types: 'T', arguments: ['context', 'anything', 'anything'], result: 'integer', changesPacket: true },
  { number: 44, name: 'xdp_adjust_head', types: 'X', arguments: ['context', 'anything'], result: 'integer', changesPacket: true },
  { number: 46, name: 'get_socket_cookie', types: 'STC', arguments: ['context'], result: 'integer' },
  { number: 47, name: 'get_socket_uid', types: 'STC', arguments: ['context'], result: 'integer' },
  { number: 48, name: 'set_hash', types: 'T', arguments: ['context', 'anything'], result: 'integer' },
  { number: 50, name: 'skb_adjust_room', types: 'T', arguments: ['context', 'anything', 'anything', 'anything'], result: 'integer', changesPacket: true },
  { number: 51, name: 'redirect_map', types: 'X', arguments: ['map', 'anything', 'anything'], result: 'integer' },
  { number: 54, name: 'xdp_adjust_meta', types: 'X', arguments: ['context', 'anything'], result: 'integer', changesPacket: true },
  { number: 55, name: 'perf_event_read_value', types: 'STXC', arguments: ['map', 'anything', 'outMemory', 'size'], result: 'integer', privileged: true },
  { number: 65, name: 'xdp_adjust_tail', types: 'X', arguments: ['context', 'anything'], result: 'integer', changesPacket: true },
  { number: 66, name: 'skb_get_xfrm_state', types: 'T', arguments: ['context', 'anything', 'outMemory', 'size', 'anything'], result: 'integer' },
  { number: 68, name: 'skb_load_bytes_relative', types: 'STC', arguments: ['context', 'anything', 'outMemory', 'size', 'anything'], result: 'integer' },
  { number: 69, name: 'fib_lookup', types: 'TX', arguments: ['context', 'inOutMemory', 'size', 'anything'], result: 'integer' },
  { number: 79, name: 'skb_cgroup_id', types: 'TC', arguments: ['context'], result: 'integer' },
  { number: 80, name: 'get_current_cgroup_id', types: 'STXC', arguments: [], result: 'integer', privileged: true },
  { number: 81, name: 'get_local_storage', types: 'C', arguments: ['map', 'anything'], result: 'mapValue' },
  { number: 83, name: 'skb_ancestor_cgroup_id', types: 'TC', arguments: ['context', 'anything'], result: 'integer' },
  { number: 84, name: 'sk_lookup_tcp', types: 'TXC', arguments: ['context', 'memory', 'sizeOrZero', 'anything', 'anything'], result: 'acquiredSocketOrNull', packet: true },
  { number: 85, name: 'sk_lookup_udp', types: 'TXC', arguments: ['context', 'memory', 'sizeOrZero', 'anything', 'anything'], result: 'acquiredSocketOrNull', packet: true },
  { number: 86, name: 'sk_release', types: 'TXC', arguments: ['releasedSocket'], result: 'integer' },
  { number: 87, name: 'map_push_elem', types: 'STXC', arguments: ['map', 'mapValue', 'anything'], result: 'integer', packet: true },
  { number: 88, name: 'map_pop_elem', types: 'STXC', arguments: ['map', 'outMapValue'], result: 'integer' },
  { number: 89, name: 'map_peek_elem', types: 'STXC', arguments: ['map', 'outMapValue'], result: 'integer' },
  { number: 93, name: 'spin_lock', types: 'STXC', arguments: ['lock'], result: 'void', privileged: true },
  { number: 94, name: 'spin_unlock', types: 'STXC', arguments: ['lock'], result: 'void', privileged: true },
  { number: 95, name: 'sk_fullsock', types: 'TC', arguments: ['socket'], result: 'fullSocketOrNull' },
  { number: 96, name: 'tcp_sock', types: 'TC', arguments: ['socket'], result: 'tcpSocketOrNull' },
  { number: 97, name: 'skb_ecn_set_ce', types: 'TC', arguments: ['context'], result: 'integer' },
  { number: 98, name: 'get_listener_sock', types: 'TC', arguments: ['socket'], result: 'listenerOrNull' },
  { number: 99, name: 'skc_lookup_tcp', types: 'TXC', arguments: ['context', 'memory', 'sizeOrZero', 'anything', 'anything'], result: 'acquiredCommonSocketOrNull', packet: true },
  { number: 100, name: 'tcp_check_syncookie', types: 'TX', arguments: ['anySocket', 'memory', 'size', 'memory', 'size'], result: 'integer', packet: true },
  { number: 105, name: 'strtol', types: 'STXC', arguments: ['memory', 'size', 'anything', 'outFixed8'], result: 'integer' },
  { number: 106, name: 'strtoul', types: 'STXC', arguments: ['memory', 'size', 'anything', 'outFixed8'], result: 'integer' },
  { number: 107, name: 'sk_storage_get', types: 'TC', arguments: ['map', 'anySocket', 'mapValueOrNull', 'anything'], result: 'mapValueOrNull' },
  { number: 108, name: 'sk_storage_delete', types: 'TC', arguments: ['map', 'anySocket'], result: 'integer' },
  { number: 109, name: 'send_signal', types: 'STXC', arguments: ['anything'], result: 'integer', privileged: true },
  { number: 110, name: 'tcp_gen_syncookie', types: 'TX', arguments: ['anySocket', 'memory', 'size', 'memory', 'size'], result: 'integer', packet: true },
  { number: 112, name: 'probe_read_user', types: 'STXC', arguments: ['outMemory', 'sizeOrZero', 'anything'], result: 'integer', privileged: true },
  { number: 113, name: 'probe_read_kernel', types: 'STXC', arguments: ['outMemory', 'sizeOrZero', 'anything'], result: 'integer', privileged: true },
  { number: 114, name: 'probe_read_user_str', types: 'STXC', arguments: ['outMemory', 'sizeOrZero', 'anything'], result: 'integer', privileged: true },
  { number: 115, name: 'probe_read_kernel_str', types: 'STXC', arguments: ['outMemory', 'sizeOrZero', 'anything'], result: 'integer', privileged: true },
  { number: 117, name: 'send_signal_thread', types: 'STXC', arguments: ['anything'], result: 'integer', privileged: true },
  { number: 118, name: 'jiffies64', types: 'STXC', arguments: [], result: 'integer', privileged: true },
  { number: 120, name: 'get_ns_current_pid_tgid', types: 'STXC', arguments: ['anything', 'anything', 'outMemory', 'size'], result: 'integer' },
  { number: 122, name: 'get_netns_cookie', types: 'STC', arguments: ['contextOrNull'], result: 'integer' },
  { number: 123, name: 'get_current_ancestor_cgroup_id', types: 'STXC', arguments: ['anything'], result: 'integer', privileged: true },
  { number: 124, name: 'sk_assign', types: 'T', arguments: ['context', 'anySocket', 'anything'], result: 'integer' },
  { number: 125, name: 'ktime_get_boot_ns', types: 'STXC', arguments: [], result: 'integer' },
  { number: 128, name: 'sk_cgroup_id', types: 'C', arguments: ['anySocket'], result: 'integer' },
  { number: 129, name: 'sk_ancestor_cgroup_id', types: 'C', arguments: ['anySocket', 'anything'], result: 'integer' },
  { number: 130, name: 'ringbuf_output', types: 'STXC', arguments: ['map', 'memory', 'sizeOrZero', 'anything'], result: 'integer' },
  { number: 131, name: 'ringbuf_reserve', types: 'STXC', arguments: ['map', 'reservedSize', 'anything'], result: 'recordOrNull' },
  { number: 132, name: 'ringbuf_submit', types: 'STXC', arguments: ['reservedRecord', 'anything'], result: 'void' },
  { number: 133, name: 'ringbuf_discard', types: 'STXC', arguments: ['reservedRecord', 'anything'], result: 'void' },
  { number: 134, name: 'ringbuf_query', types: 'STXC', arguments: ['map', 'anything'], result: 'integer' },
  { number: 135, name: 'csum_level', types: 'T', arguments: ['context', 'anything'], result: 'integer' },
  { number: 136, name: 'skc_to_tcp6_sock', types: 'STXC', arguments: ['anySocket'], result: 'structOrNull', struct: 'tcp6_sock', privileged: true },
  { number: 137, name: 'skc_to_tcp_sock', types: 'STXC', arguments: ['anySocket'], result: 'structOrNull', struct: 'tcp_sock', privileged: true },
  { number: 138, name: 'skc_to_tcp_timewait_sock', types: 'STXC', arguments: ['anySocket'], result: 'structOrNull', struct: 'tcp_timewait_sock', privileged: true },
  { number: 139, name: 'skc_to_tcp_request_sock', types: 'STXC', arguments: ['anySocket'], result: 'structOrNull', struct: 'tcp_request_sock', privileged: true },
  { number: 140, name: 'skc_to_udp6_sock', types: 'STXC', arguments: ['anySocket'], result: 'structOrNull', struct: 'udp6_sock', privileged: true },
  { number: 141, name: 'get_task_stack', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 148, name: 'copy_from_user', types: 'STXC', arguments: ['outMemory', 'sizeOrZero', 'anything'], result: 'integer', sleeps: true, privileged: true },
  { number: 149, name: 'snprintf_btf', types: 'STXC', arguments: ['inOutMemory', 'size', 'memory', 'size', 'anything'], result: 'integer', privileged: true },
  { number: 151, name: 'skb_cgroup_classid', types: 'T', arguments: ['context'], result: 'integer' },
  { number: 152, name: 'redirect_neigh', types: 'T', arguments: ['anything', 'memoryOrNull', 'sizeOrZero', 'anything'], result: 'integer' },
  { number: 153, name: 'per_cpu_ptr', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 154, name: 'this_cpu_ptr', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 155, name: 'redirect_peer', types: 'T', arguments: ['anything', 'anything'], result: 'integer' },
  { number: 156, name: 'task_storage_get', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 157, name: 'task_storage_delete', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 158, name: 'get_current_task_btf', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 160, name: 'ktime_get_coarse_ns', types: 'STXC', arguments: [], result: 'integer' },
  { number: 163, name: 'check_mtu', types: 'TX', arguments: ['context', 'anything', 'outFixed4', 'anything', 'anything'], result: 'integer' },
  { number: 164, name: 'for_each_map_elem', types: 'STXC', arguments: ['map', 'function', 'stackOrNull', 'anything'], result: 'integer', privileged: true },
  { number: 165, name: 'snprintf', types: 'STXC', arguments: ['outMemoryOrNull', 'sizeOrZero', 'constantText', 'memoryOrNull', 'sizeOrZero'], result: 'integer', privileged: true },
  { number: 169, name: 'timer_init', types: 'STXC', arguments: ['timer', 'map', 'anything'], result: 'integer', privileged: true },
  { number: 170, name: 'timer_set_callback', types: 'STXC', arguments: ['timer', 'function'], result: 'integer', privileged: true },
  { number: 171, name: 'timer_start', types: 'STXC', arguments: ['timer', 'anything', 'anything'], result: 'integer', privileged: true },
  { number: 172, name: 'timer_cancel', types: 'STXC', arguments: ['timer'], result: 'integer', privileged: true },
  { number: 175, name: 'task_pt_regs', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 176, name: 'get_branch_snapshot', types: 'STXC', arguments: ['outMemory', 'sizeOrZero'], result: 'integer', privileged: true },
  { number: 177, name: 'trace_vprintk', types: 'STXC', arguments: ['memory', 'size', 'memoryOrNull', 'sizeOrZero'], result: 'integer', privileged: true },
  { number: 178, name: 'skc_to_unix_sock', types: 'STXC', arguments: ['anySocket'], result: 'structOrNull', struct: 'unix_sock', privileged: true },
  { number: 180, name: 'find_vma', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 181, name: 'loop', types: 'STXC', arguments: ['anything', 'function', 'stackOrNull', 'anything'], result: 'integer', privileged: true },
  { number: 182, name: 'strncmp', types: 'STXC', arguments: ['memory', 'size', 'constantText'], result: 'integer' },
  { number: 188, name: 'xdp_get_buff_len', types: 'X', arguments: ['context'], result: 'integer' },
  { number: 189, name: 'xdp_load_bytes', types: 'X', arguments: ['context', 'anything', 'outMemory', 'size'], result: 'integer' },
  { number: 190, name: 'xdp_store_bytes', types: 'X', arguments: ['context', 'anything', 'memory', 'size'], result: 'integer' },
  { number: 191, name: 'copy_from_user_task', types: 'STXC', arguments: undefined, result: 'unknown', sleeps: true, privileged: true },
  { number: 192, name: 'skb_set_tstamp', types: 'T', arguments: ['context', 'anything', 'anything'], result: 'integer' },
  { number: 194, name: 'kptr_xchg', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 195, name: 'map_lookup_percpu_elem', types: 'STXC', arguments: ['map', 'mapKey', 'anything'], result: 'mapValueOrNull', packet: true },
  { number: 196, name: 'skc_to_mptcp_sock', types: 'STXC', arguments: ['anySocket'], result: 'structOrNull', struct: 'mptcp_sock', privileged: true },
  { number: 197, name: 'dynptr_from_mem', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 198, name: 'ringbuf_reserve_dynptr', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 199, name: 'ringbuf_submit_dynptr', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 200, name: 'ringbuf_discard_dynptr', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 201, name: 'dynptr_read', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 202, name: 'dynptr_write', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 203, name: 'dynptr_data', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 204, name: 'tcp_raw_gen_syncookie_ipv4', types: 'TX', arguments: ['fixed20', 'memory', 'sizeOrZero'], result: 'integer', packet: true },
  { number: 205, name: 'tcp_raw_gen_syncookie_ipv6', types: 'TX', arguments: ['fixed40', 'memory', 'sizeOrZero'], result: 'integer', packet: true },
  { number: 206, name: 'tcp_raw_check_syncookie_ipv4', types: 'TX', arguments: ['fixed20', 'fixed20'], result: 'integer', packet: true },
  { number: 207, name: 'tcp_raw_check_syncookie_ipv6', types: 'TX', arguments: ['fixed40', 'fixed20'], result: 'integer', packet: true },
  { number: 208, name: 'ktime_get_tai_ns', types: 'STXC', arguments: [], result: 'integer' },
  { number: 209, name: 'user_ringbuf_drain', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 210, name: 'cgrp_storage_get', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
  { number: 211, name: 'cgrp_storage_delete', types: 'STXC', arguments: undefined, result: 'unknown', privileged: true },
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
