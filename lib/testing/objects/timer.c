/*
 * Counts in values that have a timer, which nothing but helpers may touch. The kernel has to know the types: LIBBPF.
 */
#include "common.h"

struct value {
  __u32 packets;
  struct bpf_timer timer;
  __u32 bytes;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, struct value);
} values SEC(".maps");

SEC("xdp")
int timer(struct xdp_md *ctx) {
  __u32 key = 1;
  struct value *value = bpf_map_lookup_elem(&values, &key);
  if (!value)
    return XDP_ABORTED;
  value->packets++;
  value->bytes += ctx->data_end - ctx->data;
#if MUTANT == 1
  return *(volatile char *)&value->timer;
#elif MUTANT == 2
  *((volatile __u32 *)&value->timer + 3) = 1;
#elif MUTANT == 3
  return bpf_csum_diff((void *)value, sizeof *value, 0, 0, 0);
#endif
  return value->packets & 1 ? XDP_PASS : XDP_DROP;
}
