#include "context.h"
/* FNV-1a over as many bytes as there are, up to 256. */
SECTION("xdp") int hash(struct xdp_md *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  u32 hash = 2166136261u;
  NO_UNROLL for (int i = 0; i < 256; i++) {
    if (d + i + 1 > e) break;
    hash = (hash ^ d[i]) * 16777619u;
  }
  return hash & 1 ? 2 : 1;
}
