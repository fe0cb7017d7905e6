/* A histogram of lengths, by powers of two. */
#include "common.h"

#ifndef KIND
#define KIND BPF_MAP_TYPE_ARRAY
#endif

struct {
  __uint(type, KIND);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u64);
} sizes SEC(".maps");

struct totals {
  __u64 slots[16];
} totals;

SEC("xdp")
int sizes_(struct xdp_md *ctx) {
  __u64 length = XDP_END(ctx) - XDP_START(ctx);
  __u32 slot = 0;
  for (int i = 0; i < 16; i++)
    if (length >> i)
      slot = i;
  __u64 *count = bpf_map_lookup_elem(&sizes, &slot);
#if MUTANT != 1
  if (count)
#endif
    *count += 1;
#if MUTANT == 2
  totals.slots[length] += 1;
#else
  if (slot < 16)
    totals.slots[slot] += length;
#endif
  return XDP_PASS;
}
