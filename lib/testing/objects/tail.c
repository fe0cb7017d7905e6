/* A program for each protocol, called in the tail. */
#include "common.h"

int tail_tcp(struct xdp_md *ctx);
int tail_udp(struct xdp_md *ctx);
int tail_other(struct xdp_md *ctx);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 8);
  __uint(key_size, 4);
  __array(values, int(void *));
} stages SEC(".maps") = {
    .values =
        {
            [1] = (void *)&tail_tcp,
            [2] = (void *)&tail_udp,
            [5] = (void *)&tail_other,
        },
};

__u64 steps[4];

SEC("xdp")
int tail_tcp(struct xdp_md *ctx) {
  steps[1]++;
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct tcphdr *tcp = data + 34;
  if ((void *)(tcp + 1) > end)
    return XDP_DROP;
  if (tcp->rst)
    bpf_tail_call(ctx, &stages, 5);
  return tcp->syn ? XDP_TX : XDP_PASS;
}

SEC("xdp")
int tail_udp(struct xdp_md *ctx) {
  steps[2]++;
  bpf_tail_call(ctx, &stages, 5);
  return XDP_ABORTED;
}

SEC("xdp")
int tail_other(struct xdp_md *ctx) {
  steps[3]++;
  return XDP_DROP;
}

SEC("xdp")
int tail(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  steps[0]++;
#if MUTANT != 1
  if ((void *)(ip + 1) > end)
    return XDP_DROP;
#endif
  if (eth->h_proto != bpf_htons(ETH_P_IP))
    return XDP_PASS;
  __u32 index = ip->protocol == IPPROTO_TCP ? 1 : ip->protocol == IPPROTO_UDP ? 2 : 3;
#if MUTANT == 2
  bpf_tail_call(data, &stages, index);
#else
  bpf_tail_call(ctx, &stages, index);
#endif
  return index == 3 ? XDP_PASS : XDP_ABORTED;
}
