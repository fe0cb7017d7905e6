/* Puts a tag before what has none, takes it off what has one. */
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 32);
  __type(key, __u16);
  __type(value, __u64);
} tags SEC(".maps");

struct tagged {
  __u8 dest[6], source[6];
  __be16 outer, tci, type;
} __attribute__((packed));

SEC("xdp")
int vlan(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct tagged *frame = data, old;
#if MUTANT == 1
  if (data + 14 > end)
#else
  if ((void *)(frame + 1) > end)
#endif
    return XDP_DROP;
  old = *frame;
  if (old.outer == bpf_htons(ETH_P_8021Q)) {
    __u16 id = bpf_ntohs(old.tci) & 0xfff;
    __u64 one = 1, *times = bpf_map_lookup_elem(&tags, &id);
#if MUTANT == 2
    *times += 1;
#endif
    if (times)
      *times += 1;
    else
      bpf_map_update_elem(&tags, &id, &one, 0);
    if (bpf_xdp_adjust_head(ctx, 4))
      return XDP_ABORTED;
    data = XDP_START(ctx);
    end = XDP_END(ctx);
    if (data + 14 > end)
      return XDP_ABORTED;
    __builtin_memcpy(data, &old, 12);
    return XDP_PASS;
  }
  if (bpf_xdp_adjust_head(ctx, -4))
    return XDP_ABORTED;
  data = XDP_START(ctx);
  end = XDP_END(ctx);
  frame = data;
#if MUTANT != 3
  if ((void *)(frame + 1) > end)
    return XDP_ABORTED;
#endif
  old.type = old.outer;
  old.outer = bpf_htons(ETH_P_8021Q);
  old.tci = bpf_htons(42);
  *frame = old;
  return XDP_TX;
}
