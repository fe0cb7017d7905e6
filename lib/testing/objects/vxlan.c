/* Takes packets out of VXLAN, of known networks. FILL is none: networks are learnt. */
#include "common.h"

struct vxlan {
  __be32 flags, vni;
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, __u64);
} networks SEC(".maps");

SEC("xdp")
int vxlan(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  struct udphdr *udp = (void *)(ip + 1);
  struct vxlan *head = (void *)(udp + 1);
#if MUTANT == 1
  if ((void *)(udp + 1) > end)
#else
  if ((void *)(head + 1) > end)
#endif
    return XDP_PASS;
  if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5 || ip->protocol != IPPROTO_UDP)
    return XDP_PASS;
  if (udp->dest != bpf_htons(4789) || !(head->flags & bpf_htonl(0x08000000)))
    return XDP_PASS;
  __u32 vni = bpf_ntohl(head->vni) >> 8;
  __u64 one = 1, *known = bpf_map_lookup_elem(&networks, &vni);
#if MUTANT == 2
  *known += 1;
#endif
  if (known)
    *known += 1;
  else
    bpf_map_update_elem(&networks, &vni, &one, BPF_ANY);
  return bpf_xdp_adjust_head(ctx, 50) ? XDP_ABORTED : XDP_PASS;
}
