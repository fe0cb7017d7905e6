/* Maps as records, and a section of its own for each program, as older loaders have them. */
#include "common.h"

struct bpf_map_def {
  unsigned int type, key_size, value_size, max_entries, map_flags;
};

struct bpf_map_def SEC("maps") counts = {BPF_MAP_TYPE_HASH, 4, 8, 32, 0};
struct bpf_map_def SEC("maps") lengths = {BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0};

SEC("classifier")
int legacy(struct __sk_buff *skb) {
  __u32 type = skb->protocol, index = skb->len & 3;
  __u64 one = 1, *count = bpf_map_lookup_elem(&counts, &type);
#if MUTANT != 1
  if (count)
    __sync_fetch_and_add(count, 1);
  else
#endif
    bpf_map_update_elem(&counts, &type, &one, BPF_ANY);
#if MUTANT == 1
  __sync_fetch_and_add(count, 1);
#endif
  __u64 *length = bpf_map_lookup_elem(&lengths, &index);
#if MUTANT == 2
  if (count)
#else
  if (length)
#endif
    *length += skb->len;
  return TC_ACT_UNSPEC;
}
