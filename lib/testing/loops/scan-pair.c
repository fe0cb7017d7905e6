#include "context.h"
/* Finds CR LF: two states. */
SECTION("xdp") int scan(struct xdp_md *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  int state = 0;
  NO_UNROLL for (int i = 0; i < 200; i++) {
    if (d + i + 1 > e) return 1;
    if (state == 1 && d[i] == '\n') return 2;
    state = d[i] == '\r';
  }
  return 1;
}
