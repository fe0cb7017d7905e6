/*
 * Drops sources of listed networks.
 FILL networks=[{"key":{"length":8,"address":"10.0.0.0"},"value":1},{"key":{"length":24,"address":"192.0.2.0"},"value":2},{"key":{"length":32,"address":"192.0.2.10"},"value":3},{"key":{"length":0,"address":"0.0.0.0"},"value":9}]
 */
#include "common.h"

struct network {
  __u32 length;
  __be32 address;
};

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 128);
  __type(key, struct network);
  __type(value, __u64);
} networks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 10);
  __type(key, __u32);
  __type(value, __u64);
} hits SEC(".maps");

SEC("xdp")
int lpm(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
    return XDP_PASS;
#if MUTANT == 1
  struct network key;
  key.address = ip->saddr;
#else
  struct network key = {32, ip->saddr};
#endif
  __u64 *rule = bpf_map_lookup_elem(&networks, &key);
#if MUTANT != 2
  if (!rule)
    return XDP_PASS;
#endif
  __u32 which = *rule;
  __u64 *times = bpf_map_lookup_elem(&hits, &which);
  if (times)
    *times += 1;
#if MUTANT == 3
  times[1] = 0;
#endif
  return which < 3 ? XDP_DROP : XDP_PASS;
}
