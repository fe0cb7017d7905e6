#include "context.h"
/* Finds a byte: one state. */
SECTION("xdp") int scan(struct xdp_md *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  NO_UNROLL for (int i = 0; i < 256; i++) {
    if (d + i + 1 > e) return 1;
    if (d[i] == 0x0a) return 2;
  }
  return 1;
}
