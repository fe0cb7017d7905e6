/* Tells requests of HTTP by their first word. */
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 16);
  __type(key, char[8]);
  __type(value, __u64);
} methods SEC(".maps");

static const char known[4][8] = {"GET ", "POST ", "HEAD ", "PUT "};

NOINLINE int same(const char *a, const char *b, int length) {
  for (int i = 0; i < 8; i++) {
    if (i >= length || b[i] == 0)
      return i;
    if (a[i] != b[i])
      return 0;
  }
  return 8;
}

SEC("xdp")
int method(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  struct tcphdr *tcp = (void *)(ip + 1);
  if ((void *)(tcp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
    return XDP_PASS;
  if (ip->protocol != IPPROTO_TCP)
    return XDP_PASS;
  char *payload = (void *)tcp + tcp->doff * 4;
#if MUTANT != 1
  if ((void *)(payload + 8) > end)
    return XDP_PASS;
#endif
  char word[8] = {};
  __builtin_memcpy(word, payload, 8);
  for (int i = 0; i < 4; i++) {
    int length = same(word, known[i], 8);
    if (length < 3)
      continue;
#if MUTANT == 2
    char key[8];
    key[0] = word[0];
#else
    char key[8] = {};
    for (int j = 0; j < 8; j++)
      if (j < length)
        key[j] = word[j];
#endif
    __u64 one = 1, *times = bpf_map_lookup_elem(&methods, key);
    if (times)
      *times += 1;
    else
      bpf_map_update_elem(&methods, key, &one, BPF_ANY);
    return XDP_TX;
  }
  return XDP_PASS;
}
