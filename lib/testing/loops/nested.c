#include "context.h"
/* A word looked for at every place. */
SECTION("xdp") int nested(struct xdp_md *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  const u32 word = 0x64636261;
  NO_UNROLL for (int i = 0; i < 60; i++) {
    int same = 0;
    NO_UNROLL for (int j = 0; j < 4; j++) {
      if (d + i + j + 1 > e) return 1;
      if (d[i + j] != ((word >> (8 * j)) & 0xff)) break;
      same++;
    }
    if (same == 4) return 2;
  }
  return 1;
}
