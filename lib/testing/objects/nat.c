/*
 * Rewrites destinations, the checksums with them.
 FILL table=[{"key":"198.51.100.20","value":{"address":"203.0.113.9","packets":0}},{"key":"192.0.2.53","value":{"address":"203.0.113.53","packets":0}},{"key":"192.0.2.10","value":{"address":"10.9.8.7","packets":5}}]
 */
#include "common.h"

struct target {
  __be32 address;
  __u32 packets;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, __be32);
  __type(value, struct target);
} table SEC(".maps");

INLINE __u16 replaced(__u16 sum, __be32 before, __be32 after) {
  __u32 all = (__u16)~sum;
  all += (__u16)~before + (__u16) ~(before >> 16);
  all += (__u16)after + (__u16)(after >> 16);
  all = (all & 0xffff) + (all >> 16);
  all = (all & 0xffff) + (all >> 16);
  return ~all;
}

SEC("xdp")
int nat(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
#if MUTANT == 1
  if ((void *)(eth + 1) > end)
#else
  if ((void *)(ip + 1) > end)
#endif
    return XDP_PASS;
  if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
    return XDP_PASS;
  __be32 before = ip->daddr;
  struct target *to = bpf_map_lookup_elem(&table, &before);
#if MUTANT != 2
  if (!to)
    return XDP_PASS;
#endif
  to->packets++;
  ip->check = replaced(ip->check, before, to->address);
  ip->daddr = to->address;
  if (ip->protocol == IPPROTO_TCP) {
    struct tcphdr *tcp = (void *)(ip + 1);
#if MUTANT != 3
    if ((void *)(tcp + 1) > end)
      return XDP_DROP;
#endif
    tcp->check = replaced(tcp->check, before, to->address);
  } else if (ip->protocol == IPPROTO_UDP) {
    struct udphdr *udp = (void *)(ip + 1);
    if ((void *)(udp + 1) > end)
      return XDP_DROP;
    if (udp->check)
      udp->check = replaced(udp->check, before, to->address);
  }
  return XDP_TX;
}
