#include "context.h"
/* Finds "GET": three states. */
SECTION("tc") int scan(struct __sk_buff *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  int state = 0;
  NO_UNROLL for (int i = 0; i < 150; i++) {
    if (d + i + 1 > e) break;
    u8 c = d[i];
    if (state == 0) state = c == 'G' ? 1 : 0;
    else if (state == 1) state = c == 'E' ? 2 : c == 'G' ? 1 : 0;
    else if (c == 'T') return 2;
    else state = c == 'G';
  }
  return 0;
}
