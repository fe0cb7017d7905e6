/* Sorts eight bytes of each packet on the stack. */
#include "common.h"

__u64 medians;

SEC("xdp")
int sort(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  __u8 bytes[4];
#if MUTANT != 1
  if (data + 20 > end)
    return XDP_DROP;
#endif
  __builtin_memcpy(bytes, data + 14, 4);
#pragma unroll
  for (int i = 0; i < 3; i++)
#pragma unroll
    for (int j = 0; j < 3 - i; j++)
      if (bytes[j] > bytes[j + 1]) {
        __u8 swap = bytes[j];
        bytes[j] = bytes[j + 1];
        bytes[j + 1] = swap;
      }
#if MUTANT == 2
  medians += bytes[bytes[0]];
#else
  medians += bytes[2];
#endif
  return bytes[3] > 200 ? XDP_TX : XDP_PASS;
}
