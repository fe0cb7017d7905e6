/* Keeps the last lengths in a queue and in a stack. */
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 8);
  __type(value, __u32);
} line SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_STACK);
  __uint(max_entries, 8);
  __type(value, __u32);
} pile SEC(".maps");

__u64 sum, refused;

SEC("xdp")
int queue(struct xdp_md *ctx) {
  __u32 length = XDP_END(ctx) - XDP_START(ctx), old = 0;
  if (bpf_map_push_elem(&pile, &length, 0))
    refused++;
  if (length & 1 && bpf_map_pop_elem(&pile, &old) == 0)
    sum += old;
#if MUTANT == 1
  bpf_map_push_elem(&line, &length, length);
  bpf_map_push_elem(&line, ctx, 0);
#endif
  if (bpf_map_push_elem(&line, &length, BPF_EXIST))
    return XDP_ABORTED;
#if MUTANT == 2
  if (bpf_map_peek_elem(&line, 0) == 0)
#else
  if (bpf_map_peek_elem(&line, &old) == 0)
#endif
    sum += old;
  return sum & 1 ? XDP_PASS : XDP_DROP;
}
