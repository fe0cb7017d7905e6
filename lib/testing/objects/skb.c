/* Rewrites a port through the helpers of socket buffers, checksum and all; marks what it changed. */
#include "common.h"

#define PORT_AT (sizeof(struct ethhdr) + sizeof(struct iphdr) + 2)
#define SUM_AT (sizeof(struct ethhdr) + sizeof(struct iphdr) + 16)

SEC("tc")
int skb_(struct __sk_buff *skb) {
  struct iphdr ip;
  __be16 port, other = bpf_htons(8080);
  skb->cb[0] = skb->len;
  if (skb->protocol != bpf_htons(ETH_P_IP))
    return TC_ACT_UNSPEC;
#if MUTANT == 1
  bpf_skb_load_bytes(skb, 14, &ip, 10);
  if (ip.daddr == 0)
    return TC_ACT_SHOT;
#endif
  if (bpf_skb_load_bytes(skb, 14, &ip, sizeof(ip)) || ip.protocol != IPPROTO_TCP || ip.ihl != 5)
    return TC_ACT_OK;
#if MUTANT == 2
  bpf_skb_load_bytes(skb, PORT_AT, &port, skb->len);
#else
  if (bpf_skb_load_bytes(skb, PORT_AT, &port, sizeof(port)))
    return TC_ACT_SHOT;
#endif
  if (port != bpf_htons(80))
    return TC_ACT_OK;
  bpf_l4_csum_replace(skb, SUM_AT, port, other, sizeof(port));
  if (bpf_skb_store_bytes(skb, PORT_AT, &other, sizeof(other), 0))
    return TC_ACT_SHOT;
  skb->mark = 7;
#if MUTANT == 3
  skb->len = 1;
#endif
  return TC_ACT_PIPE;
}
