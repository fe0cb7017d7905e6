#include "context.h"
/* Sixteen words on the stack: too many ways for Linux. */
SECTION("xdp") int sort(struct xdp_md *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  if (d + 64 > e) return 1;
  u32 a[16];
  for (int i = 0; i < 16; i++) a[i] = ((u32 *)d)[i];
  NO_UNROLL for (int i = 0; i < 15; i++)
    NO_UNROLL for (int j = 0; j < 15; j++)
      if (a[j] > a[j + 1]) {
        u32 t = a[j];
        a[j] = a[j + 1];
        a[j + 1] = t;
      }
  return a[0] == 0 ? 2 : 1;
}
