/* Parses Ethernet, up to two VLAN tags, IPv4 and IPv6, TCP and UDP; the verdict tells by port. */
#include "common.h"

SEC("xdp")
int parse(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  if ((void *)(eth + 1) > end)
    return XDP_ABORTED;
  __be16 type = eth->h_proto;
  void *at = eth + 1;
#pragma unroll
  for (int i = 0; i < 2; i++) {
    if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
      break;
    struct vlan_tag *tag = at;
#if MUTANT != 1
    if ((void *)(tag + 1) > end)
      return XDP_ABORTED;
#endif
    type = tag->type;
    at = tag + 1;
  }
  __u8 protocol;
  if (type == bpf_htons(ETH_P_IP)) {
    struct iphdr *ip = at;
    if ((void *)(ip + 1) > end)
      return XDP_DROP;
    protocol = ip->protocol;
#if MUTANT == 2
    at += ip->ihl * 4;
    if (at + 4 > end + 8)
      return XDP_DROP;
#else
    if (ip->ihl < 5)
      return XDP_DROP;
    at += ip->ihl * 4;
#endif
  } else if (type == bpf_htons(ETH_P_IPV6)) {
    struct ipv6hdr *ip6 = at;
    if ((void *)(ip6 + 1) > end)
      return XDP_DROP;
    protocol = ip6->nexthdr;
    at = ip6 + 1;
  } else
    return XDP_PASS;
  if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) {
    __be16 *ports = at;
#if MUTANT != 2
    if ((void *)(ports + 2) > end)
      return XDP_DROP;
#endif
    return ports[1] == bpf_htons(80) ? XDP_TX : XDP_PASS;
  }
  return XDP_PASS;
}
