/* Asks what the kernel's types are like. LIBBPF */
#include "common.h"
#include <bpf/bpf_core_read.h>

struct sk_buff___mine {
  unsigned int len;
  unsigned int data_len;
  int no_such_field;
} __attribute__((preserve_access_index));

struct ethhdr___mine {
  unsigned char h_dest[6];
  unsigned short h_proto;
} __attribute__((preserve_access_index));

extern int LINUX_KERNEL_VERSION __kconfig;
/* Nobody gives these: they are 0. */
extern _Bool CONFIG_OF_NOBODY __kconfig __weak;
extern char CONFIG_LETTERS[8] __kconfig __weak;

__u32 places[6];
__u32 unset = 7;

SEC("xdp")
int core(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  struct sk_buff___mine *skb = 0;
  places[0] = __builtin_preserve_field_info(skb->len, BPF_FIELD_BYTE_OFFSET);
  places[1] = bpf_core_field_size(skb->data_len);
  places[2] = bpf_core_field_exists(skb->no_such_field);
  places[3] = bpf_core_type_exists(struct ethhdr___mine);
  places[4] = bpf_core_type_size(struct ethhdr___mine);
  places[5] = LINUX_KERNEL_VERSION;
  unset = CONFIG_OF_NOBODY + CONFIG_LETTERS[0];
  struct ethhdr___mine *eth = data;
#if MUTANT == 1
  if (data + 12 > end)
#else
  if (data + 14 > end)
#endif
    return XDP_DROP;
#if MUTANT == 2
  return skb->no_such_field;
#endif
  return eth->h_proto == bpf_htons(ETH_P_IP) ? XDP_PASS : XDP_TX;
}
