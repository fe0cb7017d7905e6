#include "context.h"
/* The same with four bytes. */
SECTION("tc") int sort(struct __sk_buff *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  if (d + 18 > e) return 0;
  u8 a[4];
  for (int i = 0; i < 4; i++) a[i] = d[14 + i];
  NO_UNROLL for (int i = 0; i < 3; i++)
    NO_UNROLL for (int j = 0; j < 3; j++)
      if (a[j] > a[j + 1]) {
        u8 t = a[j];
        a[j] = a[j + 1];
        a[j + 1] = t;
      }
  return a[0];
}
