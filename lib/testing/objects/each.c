/* Visits all elements of a map. LIBBPF */
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, __u64);
} sizes SEC(".maps");

__u64 total;
__u32 visits;

static long visit(void *map, __u32 *key, __u64 *value, void *context) {
#if MUTANT == 1
  total += value[1];
#else
  total += *value;
#endif
  visits++;
  return *key == 6;
}

SEC("xdp")
int each(struct xdp_md *ctx) {
  __u32 length = XDP_END(ctx) - XDP_START(ctx), key = length & 7;
  __u64 *size = bpf_map_lookup_elem(&sizes, &key);
#if MUTANT != 2
  if (!size)
    return XDP_ABORTED;
#endif
  *size += length;
  long visited = bpf_for_each_map_elem(&sizes, visit, &key, 0);
  return visited != 7 ? XDP_ABORTED : total & 64 ? XDP_DROP : XDP_PASS;
}
