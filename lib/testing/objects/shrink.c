/* On tc: cuts packets to their headers, and tells how much was cut in the fields of the buffer. */
#include "common.h"

SEC("tc/egress")
int shrink(struct __sk_buff *skb) {
  __u32 length = skb->len;
  if (length <= 64)
    return TC_ACT_OK;
#if MUTANT == 1
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  if (data + 14 > end)
    return TC_ACT_SHOT;
  bpf_skb_change_tail(skb, 64, 0);
  *(__u8 *)data = 2;
#else
  if (bpf_skb_change_tail(skb, 64, 0))
    return TC_ACT_SHOT;
#endif
  skb->cb[1] = length - skb->len;
  skb->priority = skb->cb[1] & 7;
#if MUTANT == 2
  skb->cb[5] = 1;
  *(__u32 *)((void *)skb + 68) = 1;
#endif
  return skb->cb[1] > 500 ? TC_ACT_PIPE : TC_ACT_RECLASSIFY;
}
