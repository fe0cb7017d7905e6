/* Ports that have to be knocked at in turn before a source gets through. */
#include "common.h"

#ifndef KIND
#define KIND BPF_MAP_TYPE_LRU_HASH
#endif

struct {
  __uint(type, KIND);
  __uint(max_entries, 64);
  __type(key, __be32);
  __type(value, __u32);
} stages SEC(".maps");

static const __u16 ports[4] = {80, 443, 53, 22};

SEC("xdp")
int knock(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  __be16 *port = (void *)(ip + 1);
  if ((void *)(port + 2) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
    return XDP_PASS;
  __be32 source = ip->saddr;
  __u32 zero = 0, *stage = bpf_map_lookup_elem(&stages, &source);
  if (!stage) {
    bpf_map_update_elem(&stages, &source, &zero, BPF_ANY);
    return XDP_DROP;
  }
  __u32 at = *stage;
#if MUTANT != 1
  if (at >= 4)
    return XDP_PASS;
#endif
  __u16 wanted = *(volatile const __u16 *)&ports[at];
  if (bpf_ntohs(port[1]) == wanted)
    *stage = at + 1;
#if MUTANT == 2
  *(stage + at) = 0;
#endif
  return XDP_DROP;
}
