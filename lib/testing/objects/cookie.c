/* Answers SYN with SYN and ACK whose number is a hash of the connection; takes ACK that fit. */
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 3);
  __type(key, __u32);
  __type(value, __u32);
} tally SEC(".maps");

__u32 secret = 0x12345678;

NOINLINE __u32 cookie_of(__u32 source, __u32 dest, __u32 ports, __u32 sequence) {
  __u32 hash = secret;
  hash = (hash ^ source) * 0x85ebca6b;
  hash = (hash ^ (hash >> 15) ^ dest) * 0xc2b2ae35;
  hash = (hash ^ (hash >> 13) ^ ports) * 0x27d4eb2f;
  return hash ^ sequence;
}

INLINE void note(__u32 key) {
  __u32 *times = bpf_map_lookup_elem(&tally, &key);
  if (times)
    *times += 1;
}

SEC("xdp")
int cookie(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  struct tcphdr *tcp = (void *)(ip + 1);
#if MUTANT == 1
  if ((void *)(ip + 1) > end)
#else
  if ((void *)(tcp + 1) > end)
#endif
    return XDP_PASS;
  if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
    return XDP_PASS;
  __u32 ports = *(__u32 *)tcp;
  if (tcp->syn && !tcp->ack) {
    __u32 answer = cookie_of(ip->saddr, ip->daddr, ports, tcp->seq);
    __be32 address = ip->saddr;
    __be16 port = tcp->source;
    __u8 mac[6];
#if MUTANT != 2
    __builtin_memcpy(mac, eth->h_source, 6);
#endif
    __builtin_memcpy(eth->h_source, eth->h_dest, 6);
    __builtin_memcpy(eth->h_dest, mac, 6);
    ip->saddr = ip->daddr;
    ip->daddr = address;
    tcp->source = tcp->dest;
    tcp->dest = port;
    tcp->ack_seq = bpf_htonl(bpf_ntohl(tcp->seq) + 1);
    tcp->seq = answer;
    tcp->ack = 1;
    tcp->check = 0;
    __s64 sum = bpf_csum_diff(0, 0, (__be32 *)tcp, sizeof(*tcp), bpf_htons(IPPROTO_TCP));
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    tcp->check = ~sum;
    note(0);
    return XDP_TX;
  }
  if (tcp->ack && !tcp->syn) {
    note(bpf_ntohl(tcp->ack_seq) - 1 == cookie_of(ip->daddr, ip->saddr, ports, tcp->seq) ? 1 : 2);
    return XDP_PASS;
  }
  return XDP_PASS;
}
