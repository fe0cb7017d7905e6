#include "context.h"
/* Six bytes of the packet on the stack, sorted. */
SECTION("tc") int sort(struct __sk_buff *ctx) {
  u8 *d = DATA(ctx), *e = DATA_END(ctx);
  if (d + 20 > e) return 0;
  u32 a[6];
  for (int i = 0; i < 6; i++) a[i] = d[14 + i];
  NO_UNROLL for (int i = 1; i < 6; i++) {
    u32 v = a[i];
    int j = i;
    NO_UNROLL while (j > 0 && j < 6 && a[j - 1] > v) {
      a[j] = a[j - 1];
      j--;
    }
    if (j >= 0 && j < 6) a[j] = v;
  }
  return a[0] == a[5] ? 2 : 0;
}
