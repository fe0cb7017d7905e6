/* A filter of sockets with the loads of classic programs. */
#include "common.h"

unsigned long long load_byte(void *skb, unsigned long long offset) asm("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long offset) asm("llvm.bpf.load.half");
unsigned long long load_word(void *skb, unsigned long long offset) asm("llvm.bpf.load.word");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, __u64);
} sources SEC(".maps");

SEC("socket/words")
int words(struct __sk_buff *skb) {
  if (load_half(skb, 12) != ETH_P_IP)
    return 0;
  __u32 source = load_word(skb, 26);
  __u32 header = (load_byte(skb, 14) & 15) << 2;
  __u64 one = 1, *times = bpf_map_lookup_elem(&sources, &source);
#if MUTANT != 1
  if (times)
    *times += 1;
  else
#endif
    bpf_map_update_elem(&sources, &source, &one, BPF_ANY);
#if MUTANT == 1
  *times += 1;
#elif MUTANT == 2
  return load_half((void *)1, 14 + header);
#endif
  return load_half(skb, 14 + header) == 80 ? -1 : 0;
}
