#include "context.h"
/* Type, length, value: the place moves by what the packet says. */
SECTION("xdp") int tlv(struct xdp_md *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  u32 at = 0;
  NO_UNROLL for (int i = 0; i < 40; i++) {
    if (at > 1400) return 1;
    u8 *p = d + at;
    if (p + 2 > e) return 1;
    if (p[0] == 0) return 2;
    if (p[0] == 7 && p[1] == 4) return 3;
    at += 2 + p[1];
  }
  return 1;
}
