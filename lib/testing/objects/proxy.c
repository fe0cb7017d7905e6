/* Has the kernel make and check cookies for SYN. What these are is its secret; that they fit, and the size of segments, is not. */
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, __u64);
} tally SEC(".maps");

INLINE void note(__u32 key, __u64 what) {
  __u64 *value = bpf_map_lookup_elem(&tally, &key);
  if (value)
    *value = *value * 31 + what;
}

SEC("xdp")
int proxy(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  struct ipv6hdr *ip6 = (void *)(eth + 1);
  struct tcphdr *tcp = (void *)(ip + 1);
  int is6 = eth + 1 <= (struct ethhdr *)end && eth->h_proto == bpf_htons(ETH_P_IPV6);
  if (is6)
    tcp = (void *)(ip6 + 1);
  if ((void *)(tcp + 1) > end)
    return XDP_PASS;
  if (is6 ? ip6->nexthdr != IPPROTO_TCP : (eth->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_TCP))
    return XDP_PASS;
  __u32 length = tcp->doff * 4;
  struct tcphdr back = *tcp;
#if MUTANT != 1
  if (length < sizeof *tcp || (void *)tcp + 60 > end)
    return XDP_PASS;
#endif
  __s64 cookie = is6 ? bpf_tcp_raw_gen_syncookie_ipv6(ip6, tcp, length) : bpf_tcp_raw_gen_syncookie_ipv4(ip, tcp, length);
  note(is6, cookie >> 32);
  if (cookie < 0)
    return XDP_ABORTED;
  back.seq = bpf_htonl(bpf_ntohl(tcp->seq) + 1);
  back.ack_seq = bpf_htonl((__u32)cookie + 1);
  __s64 answer = is6 ? bpf_tcp_raw_check_syncookie_ipv6(ip6, &back) : bpf_tcp_raw_check_syncookie_ipv4(ip, &back);
  note(2 + is6, answer);
  back.ack_seq ^= 0x55;
#if MUTANT == 2
  answer = bpf_tcp_raw_check_syncookie_ipv4((void *)&back, (void *)&back + 4);
#else
  answer = is6 ? bpf_tcp_raw_check_syncookie_ipv6(ip6, &back) : bpf_tcp_raw_check_syncookie_ipv4(ip, &back);
#endif
  note(4 + is6, answer);
  return answer ? XDP_DROP : XDP_PASS;
}
