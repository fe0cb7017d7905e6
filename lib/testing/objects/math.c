/* Numbers of all sizes: divisions, shifts, signs, of what is in the packet. */
#include "common.h"

__u64 results[8];
__s64 lowest;

SEC("xdp")
int math(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  __u8 *at = data;
  if (data + 20 > end)
    return XDP_DROP;
  __u64 a = *(__u64 *)at, b = *(__u64 *)(at + 8);
  __u32 c = *(__u32 *)(at + 4), d = *(__u32 *)(at + 12);
  __s32 e = c - d;
  __s64 f = (__s64)a >> (b & 63);
  results[0] += a / (b | 1);
  results[1] ^= a % (c | 1);
  results[2] += c / (d | 1);
  results[3] += c * (__u64)d;
  results[4] ^= e >> (d & 31);
  results[5] += (__s8)at[3] * (__s16)d;
  results[6] = __builtin_bswap64(a) ^ __builtin_bswap32(c) ^ __builtin_bswap16(d);
  if (f < lowest)
    lowest = f;
#if MUTANT == 1
  results[a & 15] = b;
#elif MUTANT == 2
  results[(__s32)(a & 7) - 1] = b;
#else
  results[7 - (a & 1)] = b;
#endif
  return e < 0 ? XDP_PASS : f > 0 ? XDP_TX : XDP_DROP;
}
