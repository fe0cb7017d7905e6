/* On tc: pushes and pops tags by the helpers; addresses in the packet are void afterwards. */
#include "common.h"

SEC("tc")
int tag(struct __sk_buff *skb) {
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  struct ethhdr *eth = data;
  if ((void *)(eth + 1) > end)
    return TC_ACT_SHOT;
  __be16 type = eth->h_proto;
  int failed = type == bpf_htons(ETH_P_ARP) ? bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 9) : bpf_skb_pull_data(skb, 0);
#if MUTANT == 1
  eth->h_dest[0] = 2;
#endif
  data = (void *)(long)skb->data;
  end = (void *)(long)skb->data_end;
  eth = data;
#if MUTANT != 2
  if ((void *)(eth + 1) > end)
    return TC_ACT_SHOT;
#endif
  eth->h_dest[0] = 2;
  return failed ? TC_ACT_SHOT : TC_ACT_OK;
}
