/* On tc: lowers the hop count in the packet itself, and its checksum. */
#include "common.h"

SEC("tc")
int direct(struct __sk_buff *skb) {
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  struct ethhdr *eth = data;
  if ((void *)(eth + 1) > end)
    return TC_ACT_SHOT;
  if (eth->h_proto == bpf_htons(ETH_P_IP)) {
    struct iphdr *ip = (void *)(eth + 1);
#if MUTANT != 1
    if ((void *)(ip + 1) > end)
      return TC_ACT_SHOT;
#endif
    if (ip->ttl <= 1)
      return TC_ACT_SHOT;
    __u32 sum = ip->check + 1u;
    ip->check = sum + (sum >> 16);
    ip->ttl--;
  } else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
    struct ipv6hdr *ip6 = (void *)(eth + 1);
#if MUTANT == 2
    if ((void *)ip6 + 6 > end)
#else
    if ((void *)(ip6 + 1) > end)
#endif
      return TC_ACT_SHOT;
    if (ip6->hop_limit <= 1)
      return TC_ACT_SHOT;
    ip6->hop_limit--;
  }
  return TC_ACT_OK;
}
