#include "context.h"
/* Extension headers of IPv6 up to a limit. */
SECTION("xdp") int extensions(struct xdp_md *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  if (d + 54 > e) return 1;
  u8 next = d[20];
  u32 at = 54;
  NO_UNROLL for (int i = 0; i < 8; i++) {
    if (next != 0 && next != 43 && next != 60) return next == 6 ? 2 : 1;
    u8 *p = d + at;
    if (p + 8 > e) return 1;
    next = p[0];
    at += 8 + p[1] * 8;
    if (at > 2000) return 1;
  }
  return 1;
}
