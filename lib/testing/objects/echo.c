/* Answers echo requests, cutting long ones. */
#include "common.h"

#define ICMP_ECHOREPLY 0
#define ICMP_ECHO 8

struct icmphdr {
  __u8 type, code;
  __u16 checksum;
  __be32 rest;
};

SEC("xdp")
int echo(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  struct icmphdr *icmp = (void *)(ip + 1);
  if ((void *)(icmp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
    return XDP_PASS;
  if (ip->protocol != IPPROTO_ICMP || icmp->type != ICMP_ECHO)
    return XDP_PASS;
  icmp->type = ICMP_ECHOREPLY;
  __u32 sum = icmp->checksum + 8u;
  icmp->checksum = sum + (sum >> 16);
  __be32 address = ip->saddr;
  ip->saddr = ip->daddr;
  ip->daddr = address;
  __u64 length = end - data;
  if (length > 80) {
    if (bpf_xdp_adjust_tail(ctx, -(int)(length - 80)))
      return XDP_ABORTED;
#if MUTANT == 1
    ip->tot_len = bpf_htons(66);
#else
    data = XDP_START(ctx);
    end = XDP_END(ctx);
    ip = data + 14;
#if MUTANT != 2
    if ((void *)(ip + 1) > end)
      return XDP_ABORTED;
#endif
    ip->tot_len = bpf_htons(66);
#endif
  }
  return XDP_TX;
}
