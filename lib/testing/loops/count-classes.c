#include "context.h"
/* Three counters of kinds of bytes. */
SECTION("tc") int count(struct __sk_buff *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  int letters = 0, digits = 0, others = 0;
  NO_UNROLL for (int i = 0; i < 64; i++) {
    if (d + i + 1 > e) break;
    u8 c = d[i];
    if (c >= 'a' && c <= 'z') letters++;
    else if (c >= '0' && c <= '9') digits++;
    else others++;
  }
  return letters > digits && letters > others ? 2 : 0;
}
