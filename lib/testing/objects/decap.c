/* Takes the outer header off IP in IP, and GRE without options. */
#include "common.h"

struct gre {
  __be16 flags;
  __be16 type;
};

SEC("xdp")
int decap(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data, old;
  struct iphdr *ip = (void *)(eth + 1);
  if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
    return XDP_PASS;
  int cut = sizeof(*ip);
  __be16 type = bpf_htons(ETH_P_IP);
  if (ip->protocol == IPPROTO_GRE) {
    struct gre *gre = (void *)(ip + 1);
#if MUTANT != 1
    if ((void *)(gre + 1) > end)
      return XDP_DROP;
#endif
    if (gre->flags)
      return XDP_PASS;
    type = gre->type;
    cut += sizeof(*gre);
  } else if (ip->protocol != IPPROTO_IPIP)
    return XDP_PASS;
  old = *eth;
  if (bpf_xdp_adjust_head(ctx, cut))
    return XDP_ABORTED;
  data = XDP_START(ctx);
  eth = data;
#if MUTANT == 2
  end = data + 14;
#else
  end = XDP_END(ctx);
#endif
  if ((void *)(eth + 1) > end)
    return XDP_ABORTED;
  *eth = old;
  eth->h_proto = type;
  return XDP_PASS;
}
