#include "context.h"
/* Finds CR LF CR LF: four states. */
SECTION("xdp") int scan(struct xdp_md *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  int state = 0;
  NO_UNROLL for (int i = 0; i < 120; i++) {
    if (d + i + 1 > e) return 1;
    u8 c = d[i];
    switch (state) {
    case 0: state = c == '\r'; break;
    case 1: state = c == '\n' ? 2 : c == '\r'; break;
    case 2: state = c == '\r' ? 3 : 0; break;
    default:
      if (c == '\n') return 2;
      state = c == '\r';
    }
  }
  return 1;
}
