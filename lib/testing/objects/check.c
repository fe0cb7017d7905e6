/* Adds up the header of IP and drops what does not fit. */
#include "common.h"

__u64 wrong, right;

NOINLINE __u16 folded(__u32 sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

SEC("xdp")
int check(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
    return XDP_PASS;
  __u32 sum = 0;
  __u16 *half = (void *)ip;
  int halves = ip->ihl * 2;
  for (int i = 0; i < 30; i++) {
    if (i >= halves)
      break;
#if MUTANT != 1
    if ((void *)(half + i + 1) > end)
      return XDP_ABORTED;
#endif
    sum += half[i];
  }
  if (folded(sum)) {
    wrong++;
    return XDP_DROP;
  }
  right++;
  return XDP_PASS;
}
