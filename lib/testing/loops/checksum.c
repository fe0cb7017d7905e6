#include "context.h"
/* The sum of a header's words. */
SECTION("tc") int sum(struct __sk_buff *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  if (d + 34 > e) return 0;
  u32 sum = 0;
  NO_UNROLL for (int i = 0; i < 20; i += 2) sum += *(u16 *)(d + 14 + i);
  sum = (sum & 0xffff) + (sum >> 16);
  return sum == 0xffff ? 0 : 2;
}
