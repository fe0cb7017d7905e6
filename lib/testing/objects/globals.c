/* Variables of all kinds, pointers to them handed to functions. */
#include "common.h"

struct config {
  __u32 mode;
  __u16 ports[4];
  char name[8];
};

const volatile struct config config = {2, {80, 443, 53, 4789}, "weir"};
struct config last = {7, {1, 2, 3, 4}, "last"};
static __u64 calls[4];
static volatile __u8 flag = 1;

NOINLINE int remember(struct config *to, __u32 mode) {
#if MUTANT != 1
  if (!to)
    return -1;
#endif
  to->mode = mode;
  to->ports[mode & 3] += 1;
  return to->ports[mode & 3];
}

NOINLINE __u64 count(__u64 *slots, __u32 at) {
#if MUTANT != 2
  if (at >= 4)
    return 0;
#endif
  return ++slots[at];
}

SEC("xdp")
int globals(struct xdp_md *ctx) {
  __u32 length = XDP_END(ctx) - XDP_START(ctx);
  int now = remember(&last, length);
  __u64 many = count(calls, length & 7);
  flag ^= 1;
#if MUTANT == 3
  *(volatile __u32 *)&config.mode = 1;
#endif
  for (int i = 0; i < 4; i++)
    if (config.ports[i] == now)
      return XDP_TX;
  return flag + many > config.mode * 10 ? XDP_DROP : XDP_PASS;
}
