#include "context.h"
/* Counts bytes inside quotes. */
SECTION("xdp") int quotes(struct xdp_md *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  int inside = 0, count = 0;
  NO_UNROLL for (int i = 0; i < 200; i++) {
    if (d + i + 1 > e) break;
    if (d[i] == '"') inside = !inside;
    if (inside) count++;
  }
  return count > 10 ? 2 : 1;
}
