/* Additions that others see whole. */
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, __u64);
} sums SEC(".maps");

__u64 total;
__u32 small;

SEC("xdp")
int atomic(struct xdp_md *ctx) {
  __u64 length = XDP_END(ctx) - XDP_START(ctx);
  __u32 key = length & 7;
  __sync_fetch_and_add(&total, length);
  __sync_fetch_and_add(&small, key);
#if MUTANT == 1
  __sync_fetch_and_add((__u64 *)ctx, 1);
#elif MUTANT == 2
  __sync_fetch_and_add((__u64 *)XDP_START(ctx), 1);
#endif
  __u64 none = 0, *sum = bpf_map_lookup_elem(&sums, &key);
  if (!sum) {
    bpf_map_update_elem(&sums, &key, &none, BPF_NOEXIST);
    sum = bpf_map_lookup_elem(&sums, &key);
#if MUTANT != 3
    if (!sum)
      return XDP_ABORTED;
#endif
  }
  __sync_fetch_and_add(sum, 1);
  return XDP_PASS;
}
