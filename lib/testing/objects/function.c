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

SEC("xdp")
int function(struct xdp_md *ctx) {
  int weight = weigh(ctx, 3);
#if MUTANT == 3
  int odd = keep((__u64 *)(long)ctx->data, weight);
#else
  int odd = keep(&total, weight);
#endif
  return odd ? XDP_DROP : XDP_PASS;
}
