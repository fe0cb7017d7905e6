/* Functions that others could call: verified by their types alone. LIBBPF */
#include "common.h"

__u64 total;

__attribute__((noinline)) int weigh(struct xdp_md *ctx, int scale) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
#if MUTANT != 1
  if (data + 14 > end)
    return 0;
#endif
  return *(__u8 *)(data + 13) * scale;
}

__attribute__((noinline)) int keep(__u64 *sum, int weight) {
#if MUTANT != 2
  if (!sum)
    return 0;
#endif
  *sum += weight;
  return *sum & 1;
}

/* What tags say of arguments. */
#define TAG(of) __attribute__((btf_decl_tag("arg:" of)))

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} sums SEC(".maps");

__attribute__((noinline)) int queue(void *ctx TAG("ctx"), int scale) {
  return ((struct xdp_md *)ctx)->rx_queue_index * scale;
}

__attribute__((noinline)) int add(__u64 *sum TAG("nonnull"), int weight) {
  *sum += weight;
  return 0;
}

SEC("xdp")
int function(struct xdp_md *ctx) {
  int weight = weigh(ctx, 3);
#if MUTANT == 3
  int odd = keep((__u64 *)(long)ctx->data, weight);
#else
  int odd = keep(&total, weight);
#endif
  __u32 key = odd;
  __u64 *sum = bpf_map_lookup_elem(&sums, &key);
#if MUTANT != 4
  if (!sum)
    return queue(ctx, odd) + XDP_DROP + bpf_map_update_elem(&sums, &key, &total, BPF_ANY);
#endif
  add(sum, weight);
  return odd ? XDP_DROP : XDP_PASS;
}
