/* Lets so many packets of a source through, and of the next hundred none. */
#include "common.h"

#ifndef KIND
#define KIND BPF_MAP_TYPE_HASH
#endif

struct bucket {
  __u32 tokens;
  __u32 dropped;
};

struct {
  __uint(type, KIND);
  __uint(max_entries, 256);
  __type(key, __be32);
  __type(value, struct bucket);
} sources SEC(".maps");

const volatile __u32 burst = 3;

SEC("xdp")
int limit(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
    return XDP_PASS;
  __be32 source = ip->saddr;
#if MUTANT == 1
  struct bucket *found = bpf_map_lookup_elem(&sources, ip + 1);
#else
  struct bucket *found = bpf_map_lookup_elem(&sources, &source);
#endif
  if (!found) {
    struct bucket first;
#if MUTANT == 2
    first.tokens = burst;
#else
    __builtin_memset(&first, 0, sizeof(first));
    first.tokens = burst;
#endif
    bpf_map_update_elem(&sources, &source, &first, BPF_NOEXIST);
    return XDP_PASS;
  }
  if (found->tokens) {
    found->tokens--;
    return XDP_PASS;
  }
  if (++found->dropped == 100)
    bpf_map_delete_elem(&sources, &source);
#if MUTANT == 3
  return *(int *)(found + 1);
#endif
  return XDP_DROP;
}
