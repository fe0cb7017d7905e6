/* How far each connection of TCP is. */
#include "common.h"

enum state { NEW, SYN_SENT, ESTABLISHED, CLOSING, CLOSED };

struct key {
  __be32 a, b;
  __be16 pa, pb;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 128);
  __type(key, struct key);
  __type(value, enum state);
} states SEC(".maps");

NOINLINE enum state next(enum state now, __u8 flags) {
  if (flags & 4)
    return CLOSED;
  switch (now) {
  case NEW:
    return flags & 2 ? SYN_SENT : NEW;
  case SYN_SENT:
    return flags & 16 ? ESTABLISHED : SYN_SENT;
  case ESTABLISHED:
    return flags & 1 ? CLOSING : ESTABLISHED;
  case CLOSING:
    return flags & 1 ? CLOSED : CLOSING;
  default:
    return CLOSED;
  }
}

SEC("tc/ingress")
int states_(struct __sk_buff *skb) {
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  struct tcphdr *tcp = (void *)(ip + 1);
#if MUTANT == 1
  if ((void *)tcp > end)
#else
  if ((void *)(tcp + 1) > end)
#endif
    return TC_ACT_OK;
  if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
    return TC_ACT_OK;
  int forward = ip->saddr < ip->daddr;
  struct key key = {
      forward ? ip->saddr : ip->daddr,
      forward ? ip->daddr : ip->saddr,
      forward ? tcp->source : tcp->dest,
      forward ? tcp->dest : tcp->source,
  };
  __u8 flags = ((__u8 *)tcp)[13];
  enum state *known = bpf_map_lookup_elem(&states, &key);
#if MUTANT == 2
  enum state after = next(*known, flags);
#else
  enum state after = next(known ? *known : NEW, flags);
#endif
  if (known)
    *known = after;
  else
    bpf_map_update_elem(&states, &key, &after, BPF_ANY);
  return after == CLOSED ? TC_ACT_SHOT : TC_ACT_OK;
}
