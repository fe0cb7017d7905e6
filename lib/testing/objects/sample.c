/* Hands the head of every fourth packet to whoever listens. */
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, 4);
  __uint(value_size, 4);
} events SEC(".maps");

struct head {
  __u32 length;
  __u32 number;
};

__u32 seen, lost;

SEC("xdp")
int sample(struct xdp_md *ctx) {
  __u64 length = XDP_END(ctx) - XDP_START(ctx);
  if (seen++ % 4)
    return XDP_PASS;
#if MUTANT == 1
  struct head head;
  head.number = seen;
#else
  struct head head = {length, seen};
#endif
  __u64 flags = 7 | (length < 64 ? length : 64) << 32;
#if MUTANT == 2
  if (bpf_perf_event_output(ctx, &events, flags, &head, 64))
#else
  if (bpf_perf_event_output(ctx, &events, flags, &head, sizeof(head)))
#endif
    lost++;
  return XDP_PASS;
}
