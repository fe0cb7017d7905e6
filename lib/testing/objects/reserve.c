/* Writes records into a ring in place. LIBBPF */
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 16);
} ring SEC(".maps");

struct record {
  __u32 length, number;
};

__u32 number, kept;

SEC("xdp")
int reserve(struct xdp_md *ctx) {
  __u32 length = XDP_END(ctx) - XDP_START(ctx);
  struct record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
#if MUTANT != 1
  if (!record)
    return XDP_ABORTED;
#endif
  record->length = length;
  record->number = number++;
  if (length & 1) {
#if MUTANT != 2
    bpf_ringbuf_discard(record, 0);
#endif
    return XDP_DROP;
  }
  kept++;
  bpf_ringbuf_submit(record, 0);
#if MUTANT == 3
  record->length = 0;
#endif
  return XDP_PASS;
}
