#include "context.h"
/* Tags until something else comes. */
SECTION("xdp") int tags(struct xdp_md *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  u8 *p = d + 12;
  NO_UNROLL for (int i = 0; i < 6; i++) {
    if (p + 4 > e) return 1;
    u16 type = *(u16 *)p;
    if (type == 0x0008) return 2;
    if (type != 0x0081 && type != 0xa888) return 1;
    p += 4;
  }
  return 1;
}
