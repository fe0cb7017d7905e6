/* For a cgroup: so many packets of each protocol and no more. */
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 256);
  __type(key, __u32);
  __type(value, __u32);
} used SEC(".maps");

SEC("cgroup_skb/ingress")
int group(struct __sk_buff *skb) {
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  struct iphdr *ip = data;
#if MUTANT != 1
  if ((void *)(ip + 1) > end)
    return 0;
#endif
  __u32 protocol = ip->version == 4 ? ip->protocol : 255;
  __u32 *count = bpf_map_lookup_elem(&used, &protocol);
#if MUTANT != 2
  if (!count)
    return 0;
#endif
  *count += 1;
#if MUTANT == 3
  return *count;
#endif
  return *count <= 20;
}
