/*
 * A typical XDP program: reads Ethernet and IPv4, looks for the longest of the networks that the source is in, and counts
 * packets and bytes by verdict. With PASS it does nothing, which is what calling it costs.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct network {
  __u32 length;
  __u8 address[4];
};

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 128);
  __type(key, struct network);
  __type(value, __u32);
} networks SEC(".maps");

struct count {
  __u64 packets;
  __u64 bytes;
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, struct count);
} counts SEC(".maps");

SEC("xdp")
int typical(struct xdp_md *ctx) {
  __u32 action = XDP_PASS;
#ifndef PASS
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  if ((void *)(eth + 1) > end)
    return XDP_ABORTED;
  if (eth->h_proto == bpf_htons(ETH_P_IP)) {
    if ((void *)(ip + 1) > end)
      return XDP_ABORTED;
    struct network key = {32};
    __builtin_memcpy(key.address, &ip->saddr, sizeof key.address);
    __u32 *rule = bpf_map_lookup_elem(&networks, &key);
    if (rule)
      action = *rule;
  }
  struct count *count = bpf_map_lookup_elem(&counts, &action);
  if (count) {
    count->packets++;
    count->bytes += end - data;
  }
#endif
  return action;
}

char LICENSE[] SEC("license") = "GPL";
