/* Adds up the bytes of a packet in a loop of the kernel. LIBBPF */
#include "common.h"

struct state {
  void *data, *end;
  __u64 sum;
};

__u64 sums[4];

static long add(__u32 index, void *context) {
  struct state *state = context;
  if (index >= 40)
    return 1;
#if MUTANT == 1
  sums[index] += 1;
#else
  sums[index & 3] += 1;
#endif
  state->sum += index;
  return 0;
}

SEC("xdp")
int loop(struct xdp_md *ctx) {
  struct state state = {};
  __u32 length = XDP_END(ctx) - XDP_START(ctx);
#if MUTANT == 2
  long done = bpf_loop(length, add, ctx, 0);
#else
  long done = bpf_loop(length & 63, add, &state, 0);
#endif
  return done < 0 ? XDP_ABORTED : state.sum & 1 ? XDP_DROP : XDP_PASS;
}
