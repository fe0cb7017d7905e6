/* Sources that have been seen before. */
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
  __uint(max_entries, 64);
  __type(value, __u32);
} seen SEC(".maps");

__u64 old, fresh;

SEC("tc")
int bloom(struct __sk_buff *skb) {
  __u32 source;
#if MUTANT == 1
  bpf_skb_load_bytes(skb, 26, &source, 2);
#elif MUTANT == 2
  __u64 where;
  bpf_skb_load_bytes(skb, 26, (void *)where, 4);
  source = 0;
#else
  if (bpf_skb_load_bytes(skb, 26, &source, sizeof(source)) < 0)
    return TC_ACT_OK;
#endif
  if (bpf_map_peek_elem(&seen, &source) == 0) {
    old++;
    return TC_ACT_OK;
  }
  fresh++;
  return bpf_map_push_elem(&seen, &source, BPF_ANY) ? TC_ACT_SHOT : TC_ACT_PIPE;
}
