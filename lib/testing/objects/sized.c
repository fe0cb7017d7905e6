/* Maps whose sizes a loader sets. ENTRIES counts=3 events=4096 */
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, __u32);
  __type(value, __u64);
} counts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
} events SEC(".maps");

SEC("xdp")
int sized(struct xdp_md *ctx) {
  __u32 key = (ctx->data_end - ctx->data) & 3;
  __u64 *count = bpf_map_lookup_elem(&counts, &key);
#if MUTANT != 1
  if (!count) {
    bpf_ringbuf_output(&events, &key, sizeof key, 0);
    return XDP_DROP;
  }
#endif
  *count += 1;
  return XDP_PASS;
}

SEC("xdp")
int plain(struct xdp_md *ctx) {
  return XDP_TX;
}
