/* Looks for the largest segment among the options of TCP, and lowers it. */
#include "common.h"

__u32 clamped, without;

SEC("xdp")
int options(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  struct tcphdr *tcp = (void *)(ip + 1);
  if ((void *)(tcp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
    return XDP_PASS;
  if (ip->protocol != IPPROTO_TCP || !tcp->syn)
    return XDP_PASS;
  __u8 *option = (void *)(tcp + 1);
  for (int i = 0; i < 10; i++) {
#if MUTANT != 1
    if ((void *)(option + 4) > end)
      break;
#endif
    if (option[0] == 0)
      break;
    if (option[0] == 1) {
      option++;
      continue;
    }
    if (option[0] == 2) {
      __u16 size = option[2] << 8 | option[3];
      if (size > 1400) {
        option[2] = 1400 >> 8;
        option[3] = 1400 & 0xff;
        clamped++;
      }
      return XDP_PASS;
    }
#if MUTANT == 2
    option += *(__u32 *)option;
#else
    option += option[1] < 2 ? 2 : option[1];
#endif
  }
  without++;
  return XDP_PASS;
}
