#include "context.h"
/* Numbers of seven bits a byte, five of them. */
SECTION("tc") int varint(struct __sk_buff *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  u8 *p = d;
  u64 total = 0;
  NO_UNROLL for (int n = 0; n < 5; n++) {
    u64 value = 0;
    NO_UNROLL for (int shift = 0; shift < 63; shift += 7) {
      if (p + 1 > e) return 0;
      u8 c = *p++;
      value |= (u64)(c & 0x7f) << shift;
      if (!(c & 0x80)) break;
    }
    total += value;
  }
  return total > 1000 ? 2 : 0;
}
