#include "context.h"
/* Options of TCP, from a header that is there in full. */
SECTION("tc") int options(struct __sk_buff *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  if (d + 54 + 40 > e) return 0;
  u8 *o = d + 54;
  u32 at = 0;
  NO_UNROLL for (int i = 0; i < 40; i++) {
    if (at >= 38) break;
    u8 kind = o[at];
    if (kind == 0) break;
    if (kind == 1) {
      at++;
      continue;
    }
    u8 length = o[at + 1];
    if (kind == 2 && length == 4) return 2;
    if (length < 2) break;
    at += length;
  }
  return 0;
}
