/*
 * Sends packets on by a map of devices, and to processors.
 FILL devices=[{"key":0,"value":1}]
 */
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_DEVMAP);
  __uint(max_entries, 4);
  __uint(key_size, 4);
  __uint(value_size, 4);
} devices SEC(".maps");

SEC("xdp")
int redirect(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
#if MUTANT != 1
  if (data + 14 > end)
    return XDP_ABORTED;
#endif
  __u8 *mac = data;
  mac[5] ^= 1;
#if MUTANT == 2
  return bpf_redirect_map(&devices, mac[5], 256);
#else
  return bpf_redirect_map(&devices, 3, XDP_PASS);
#endif
}
