/* Packets and bytes of each flow, either way. */
#include "common.h"

#ifndef KIND
#define KIND BPF_MAP_TYPE_HASH
#endif

struct flow {
  __be32 low, high;
  __be16 low_port, high_port;
  __u8 protocol;
  __u8 pad[3];
};

struct counts {
  __u64 packets, bytes;
  __u32 first, last;
};

struct {
  __uint(type, KIND);
  __uint(max_entries, 128);
  __type(key, struct flow);
  __type(value, struct counts);
} flows SEC(".maps");

static __u32 number;

SEC("tc")
int flows_(struct __sk_buff *skb) {
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  number++;
  if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
    return TC_ACT_OK;
  __be16 *ports = (void *)ip + (ip->ihl & 15) * 4;
#if MUTANT == 1
  struct flow key;
  key.low = ip->saddr;
  key.high = ip->daddr;
  key.protocol = ip->protocol;
  key.low_port = key.high_port = 0;
#else
  struct flow key = {ip->saddr, ip->daddr, 0, 0, ip->protocol, {}};
#endif
  if (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP) {
#if MUTANT != 2
    if ((void *)(ports + 2) > end)
      return TC_ACT_SHOT;
#endif
    key.low_port = ports[0];
    key.high_port = ports[1];
  }
  if (bpf_ntohl(key.low) > bpf_ntohl(key.high)) {
    __be32 address = key.low;
    __be16 port = key.low_port;
    key.low = key.high;
    key.high = address;
    key.low_port = key.high_port;
    key.high_port = port;
  }
  struct counts *found = bpf_map_lookup_elem(&flows, &key);
#if MUTANT == 3
  found->packets++;
#endif
  if (!found) {
    struct counts first = {1, skb->len, number, number};
    bpf_map_update_elem(&flows, &key, &first, BPF_ANY);
    return TC_ACT_OK;
  }
  found->packets++;
  found->bytes += skb->len;
  found->last = number;
  return TC_ACT_OK;
}
