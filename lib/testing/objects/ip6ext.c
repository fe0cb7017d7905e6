/* Follows IPv6 extension headers, at most eight, to the upper protocol. */
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 256);
  __type(key, __u32);
  __type(value, __u64);
} upper SEC(".maps");

struct extension {
  __u8 next;
  __u8 length;
};

SEC("xdp")
int ip6ext(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct ipv6hdr *ip6 = (void *)(eth + 1);
  if ((void *)(ip6 + 1) > end || eth->h_proto != bpf_htons(ETH_P_IPV6))
    return XDP_PASS;
  __u32 next = ip6->nexthdr;
  void *at = ip6 + 1;
  for (int i = 0; i < 8; i++) {
    if (next != 0 && next != 43 && next != 44 && next != 60)
      break;
    struct extension *header = at;
#if MUTANT != 1
    if ((void *)(header + 1) > end)
      return XDP_DROP;
#endif
    __u32 size = next == 44 ? 8 : (header->length + 1) * 8;
    next = header->next;
    at += size;
  }
  __u64 *count = bpf_map_lookup_elem(&upper, &next);
#if MUTANT != 2
  if (!count)
    return XDP_ABORTED;
#endif
  __sync_fetch_and_add(count, 1);
  return XDP_PASS;
}
