#include "context.h"
/* A machine of six states over letters, digits, spaces and the rest. */
SECTION("tc") int scan(struct __sk_buff *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  u32 state = 0;
  NO_UNROLL for (int i = 0; i < 100; i++) {
    if (d + i + 1 > e) break;
    u8 c = d[i];
    u32 kind = c == ' ' ? 0 : (c >= '0' && c <= '9') ? 1 : (c >= 'a' && c <= 'z') ? 2 : 3;
    if (kind == 0) state = state < 3 ? 3 : 0;
    else if (kind == 1) state = state == 5 ? 1 : state + 1 > 5 ? 0 : state + 1;
    else if (kind == 2) state = state == 2 ? 4 : 2;
    else if (state == 4) return 2;
  }
  return 0;
}
