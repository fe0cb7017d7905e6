/* Leaves a mark before the packet for whoever comes next. */
#include "common.h"

struct meta {
  __u32 mark;
  __u32 length;
};

SEC("xdp")
int meta(struct xdp_md *ctx) {
  __u32 length = XDP_END(ctx) - XDP_START(ctx);
  if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(struct meta)))
    return XDP_ABORTED;
  void *data = XDP_START(ctx);
  struct meta *meta = (void *)(long)ctx->data_meta;
#if MUTANT == 2
  if ((void *)(meta + 1) > XDP_END(ctx))
#elif MUTANT != 1
  if ((void *)(meta + 1) > data)
#else
  if (data == 0)
#endif
    return XDP_ABORTED;
  meta->mark = 0xabcd;
  meta->length = length;
  return XDP_PASS;
}
