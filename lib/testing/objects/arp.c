/* Answers questions for one address. */
#include "common.h"

struct arp {
  __be16 hardware, protocol;
  __u8 sizes[2];
  __be16 operation;
  __u8 sender[6], sender_ip[4], target[6], target_ip[4];
} __attribute__((packed));

const volatile __u8 mac[6] = {2, 0, 0, 0, 0, 99};
__u32 answered;

SEC("xdp")
int arp(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct arp *arp = (void *)(eth + 1);
  if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(ETH_P_ARP))
    return XDP_PASS;
#if MUTANT != 1
  if ((void *)(arp + 1) > end)
    return XDP_DROP;
#endif
  if (arp->operation != bpf_htons(1))
    return XDP_PASS;
  __u8 address[4];
  __builtin_memcpy(address, arp->target_ip, 4);
  __builtin_memcpy(arp->target, arp->sender, 6);
  __builtin_memcpy(arp->target_ip, arp->sender_ip, 4);
  __builtin_memcpy(arp->sender_ip, address, 4);
#pragma unroll
  for (int i = 0; i < 6; i++)
    arp->sender[i] = mac[i];
#if MUTANT == 2
  *(volatile __u8 *)&mac[0] = 3;
#endif
  __builtin_memcpy(eth->h_dest, arp->target, 6);
  __builtin_memcpy(eth->h_source, arp->sender, 6);
  arp->operation = bpf_htons(2);
  answered++;
  return XDP_TX;
}
