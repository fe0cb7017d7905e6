/* Two numbers that are changed together. LIBBPF */
#include "common.h"

struct pair {
  struct bpf_spin_lock lock;
  __u32 packets;
  __u64 bytes;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, struct pair);
} pairs SEC(".maps");

SEC("tc")
int lock(struct __sk_buff *skb) {
  __u32 key = skb->len & 1;
  struct pair *pair = bpf_map_lookup_elem(&pairs, &key);
  if (!pair)
    return TC_ACT_SHOT;
#if MUTANT != 1
  bpf_spin_lock(&pair->lock);
#endif
  pair->packets++;
  pair->bytes += skb->len;
#if MUTANT == 2
  if (pair->packets > 5)
    return TC_ACT_SHOT;
#endif
#if MUTANT == 3
  bpf_get_prandom_u32();
#endif
  bpf_spin_unlock(&pair->lock);
  return pair->packets > 20 ? TC_ACT_SHOT : TC_ACT_OK;
}
