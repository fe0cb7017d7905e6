/* A set of ports as bits. */
#include "common.h"

__u64 ports[1024];
__u32 different;

SEC("xdp")
int bits(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  if (data + 38 > end)
    return XDP_PASS;
  __u16 port = bpf_ntohs(*(__u16 *)(data + 36));
#if MUTANT == 1
  __u32 slot = port >> 5;
#else
  __u32 slot = port >> 6;
#endif
  __u64 bit = 1ull << (port & 63);
  if (!(ports[slot] & bit)) {
    ports[slot] |= bit;
    different++;
  }
#if MUTANT == 2
  return ports[different];
#endif
  return different > 30 ? XDP_DROP : XDP_PASS;
}
