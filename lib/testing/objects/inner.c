/* Counters of each protocol family in maps of their own. LIBBPF */
#include "common.h"

struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} four SEC(".maps"), six SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 4);
  __type(key, __u32);
  __array(values, struct inner);
} families SEC(".maps") = {.values = {[0] = &four, [2] = &six}};

SEC("xdp")
int inner(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  if ((void *)(eth + 1) > end)
    return XDP_DROP;
  __u32 family = eth->h_proto == bpf_htons(ETH_P_IP) ? 0 : eth->h_proto == bpf_htons(ETH_P_IPV6) ? 2 : 1;
  void *map = bpf_map_lookup_elem(&families, &family);
#if MUTANT != 1
  if (!map)
    return XDP_PASS;
#endif
  __u32 key = (end - data) & 3;
  __u64 *count = bpf_map_lookup_elem(map, &key);
#if MUTANT != 2
  if (!count)
    return XDP_ABORTED;
#endif
  *count += 1;
  return *count & 1 ? XDP_DROP : XDP_TX;
}
