/* Counts packets and bytes of each IP protocol; drops what is no IP. */
#include "common.h"

struct counts {
  __u64 packets;
  __u64 bytes;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, struct counts);
} protocols SEC(".maps");

const volatile __u32 dropped_verdict = XDP_DROP;
__u64 seen;
__u32 largest = 60;

NOINLINE int note(__u32 protocol, __u64 length) {
  struct counts *found = bpf_map_lookup_elem(&protocols, &protocol);
#if MUTANT != 1
  if (!found) {
    struct counts first = {1, length};
    return bpf_map_update_elem(&protocols, &protocol, &first, BPF_ANY);
  }
#endif
  found->packets++;
  found->bytes += length;
  return 0;
}

SEC("xdp")
int count(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  __u64 length = end - data;

  seen++;
  if (length > largest)
    largest = length;
#if MUTANT == 2
  if ((void *)(eth + 1) > end)
    return dropped_verdict;
#else
  if ((void *)(ip + 1) > end)
    return dropped_verdict;
#endif
  if (eth->h_proto != bpf_htons(ETH_P_IP))
    return dropped_verdict;
  note(ip->protocol, length);
  return XDP_PASS;
}
