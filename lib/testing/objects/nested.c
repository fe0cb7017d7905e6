/* Counters of each protocol family in maps of their own, defined as iproute2 has them: maps in maps by numbers. IPROUTE2 */
#include "common.h"

struct bpf_elf_map {
  __u32 type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx;
};

#define INNER(name, index)                                                                                             \
  struct bpf_elf_map SEC("maps") name = {                                                                              \
      .type = BPF_MAP_TYPE_ARRAY, .size_key = 4, .size_value = 8, .max_elem = 4, .id = 42, .inner_idx = index}

INNER(four, 0);
INNER(six, 2);

struct bpf_elf_map SEC("maps") families = {
    .type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
    .size_key = 4,
    .size_value = 4,
    .max_elem = 4,
    .inner_id = 42,
};

SEC("xdp")
int nested(struct xdp_md *ctx) {
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
