/* A filter of sockets that keeps the headers of TCP. */
#include "common.h"

__u64 kept;

SEC("socket")
int socket_(struct __sk_buff *skb) {
  __u8 head[20];
  if (bpf_skb_load_bytes(skb, 14, head, sizeof(head)) < 0)
    return 0;
  if (head[0] != 0x45 || head[9] != IPPROTO_TCP)
    return 0;
#if MUTANT == 1
  __u8 offset = *(__u8 *)(long)(skb->len + 12);
#elif MUTANT == 2
  __u8 offset;
  bpf_skb_load_bytes(skb, 14 + 20 + 12, &offset, 2);
#else
  __u8 offset = 0;
  if (bpf_skb_load_bytes(skb, 14 + 20 + 12, &offset, 1) < 0)
    return 34;
#endif
  kept += skb->len;
  return 34 + (offset >> 4) * 4;
}
