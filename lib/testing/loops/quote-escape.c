#include "context.h"
/* Quotes with a backslash before them do not count: two toggles. */
SECTION("tc") int quotes(struct __sk_buff *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  int inside = 0, escaped = 0, count = 0;
  NO_UNROLL for (int i = 0; i < 120; i++) {
    if (d + i + 1 > e) break;
    u8 c = d[i];
    if (escaped) escaped = 0;
    else if (c == '\\') escaped = 1;
    else if (c == '"') inside = !inside;
    count += inside;
  }
  return count & 1 ? 2 : 0;
}
