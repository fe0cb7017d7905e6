#include "context.h"
/* Labels of a name in DNS. */
SECTION("xdp") int name(struct xdp_md *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  u8 *p = d + 54;
  int labels = 0, left = 0;
  NO_UNROLL for (int i = 0; i < 128; i++) {
    if (p + 1 > e) return 1;
    u8 c = *p++;
    if (left == 0) {
      if (c == 0) return labels > 3 ? 2 : 3;
      if (c > 63) return 1;
      left = c;
      labels++;
    } else left--;
  }
  return 1;
}
