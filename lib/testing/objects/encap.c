/* Puts packets of IP into another header of IP. */
#include "common.h"

__u16 identification;

SEC("xdp")
int encap(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
    return XDP_PASS;
  __u16 length = end - data - sizeof(*eth);
  struct ethhdr old = *eth;
  if (bpf_xdp_adjust_head(ctx, -(int)sizeof(struct iphdr)))
    return XDP_ABORTED;
#if MUTANT != 1
  data = XDP_START(ctx);
  end = XDP_END(ctx);
#endif
  eth = data;
  struct iphdr *ip = (void *)(eth + 1);
#if MUTANT != 2
  if ((void *)(ip + 1) > end)
    return XDP_ABORTED;
#endif
  *eth = old;
  __builtin_memset(ip, 0, sizeof(*ip));
  ip->version = 4;
  ip->ihl = 5;
  ip->ttl = 64;
  ip->protocol = IPPROTO_IPIP;
  ip->tot_len = bpf_htons(length + sizeof(*ip));
  ip->id = bpf_htons(identification++);
  ip->saddr = bpf_htonl(0xc0000201);
  ip->daddr = bpf_htonl(0xc6336401);
  __u32 sum = 0;
  __u16 *half = (void *)ip;
#pragma unroll
  for (int i = 0; i < 10; i++)
    sum += half[i];
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  ip->check = ~sum;
  return XDP_TX;
}
