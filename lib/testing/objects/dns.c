/*
 * Drops questions for names on a list.
 FILL blocked=[{"key":{"letters":[7,101,120,97,109,112,108,101,3,99,111,109,0]},"value":1}]
 */
#include "common.h"

struct name {
  __u8 letters[32];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, struct name);
  __type(value, __u64);
} blocked SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, struct name);
  __type(value, __u64);
} asked SEC(".maps");

struct dns {
  __be16 id, flags, questions, answers, authorities, additional;
};

SEC("xdp")
int dns(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  struct udphdr *udp = (void *)(ip + 1);
  struct dns *head = (void *)(udp + 1);
  if ((void *)(head + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
    return XDP_PASS;
  if (ip->protocol != IPPROTO_UDP || udp->dest != bpf_htons(53))
    return XDP_PASS;
#if MUTANT == 1
  struct name key;
#else
  struct name key = {};
#endif
  __u8 *at = (void *)(head + 1);
#pragma unroll
  for (int i = 0; i < 32; i++) {
#if MUTANT != 2
    if ((void *)(at + i + 1) > end)
      break;
#endif
    __u8 letter = at[i];
    if (letter >= 'A' && letter <= 'Z')
      letter += 32;
    key.letters[i] = letter;
    if (letter == 0)
      break;
  }
  __u64 one = 1, *times = bpf_map_lookup_elem(&asked, &key);
  if (times)
    *times += 1;
  else
    bpf_map_update_elem(&asked, &key, &one, BPF_ANY);
  times = bpf_map_lookup_elem(&blocked, &key);
#if MUTANT == 3
  *times += 1;
#endif
  if (!times)
    return XDP_PASS;
  *times += 1;
  return XDP_DROP;
}
