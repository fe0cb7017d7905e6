/*
 * A load balancer: connections to backends by a hash of their addresses and ports.
 FILL backends=[{"key":0,"value":{"mac":"02:00:00:00:00:10","weight":1}},{"key":1,"value":{"mac":"02:00:00:00:00:11","weight":2}},{"key":2,"value":{"mac":"02:00:00:00:00:12","weight":3}},{"key":3,"value":{"mac":"02:00:00:00:00:13","weight":4}}]
 */
#include "common.h"

struct backend {
  __u8 mac[6];
  __u16 weight;
  __u64 packets;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct backend);
} backends SEC(".maps");

INLINE __u32 mixed(__u32 a, __u32 b) {
  a ^= b * 0x9e3779b1u;
  a = (a << 13) | (a >> 19);
  return a * 5 + 0xe6546b64u;
}

SEC("xdp")
int balance(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
    return XDP_PASS;
  if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
    return XDP_PASS;
  __u32 *ports = (void *)ip + ip->ihl * 4;
#if MUTANT != 1
  if ((void *)(ports + 1) > end)
    return XDP_DROP;
#endif
  __u32 hash = mixed(mixed(mixed(1, ip->saddr), ip->daddr), *ports);
#if MUTANT == 3
  __u32 key = hash;
#else
  __u32 key = hash & 3;
#endif
  struct backend *to = bpf_map_lookup_elem(&backends, &key);
#if MUTANT != 2
  if (!to)
    return XDP_ABORTED;
#endif
  to->packets += to->weight;
  __builtin_memcpy(eth->h_source, eth->h_dest, 6);
  __builtin_memcpy(eth->h_dest, to->mac, 6);
  return XDP_TX;
}
