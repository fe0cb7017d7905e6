/* Tells of packets to port 53 through a ring. */
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 16);
} ring SEC(".maps");

struct event {
  __be32 source, dest;
  __be16 port;
  __u16 length;
};

SEC("xdp")
int ring_(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  struct udphdr *udp = (void *)(ip + 1);
  if ((void *)(udp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
    return XDP_PASS;
  if (ip->protocol != IPPROTO_UDP)
    return XDP_PASS;
#if MUTANT == 1
  struct event event;
  event.source = ip->saddr;
#else
  struct event event = {ip->saddr, ip->daddr, udp->dest, bpf_ntohs(udp->len)};
#endif
  return bpf_ringbuf_output(&ring, &event, sizeof(event), 0) ? XDP_ABORTED : XDP_PASS;
}
