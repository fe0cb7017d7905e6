/* Reads numbers out of packets, to several bases. */
#include "common.h"

struct row {
  __s64 number;
  __s64 answer;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, __u64);
  __type(value, struct row);
} rows SEC(".maps");

const char letters[16] = "0x17f -9 8 a\t+;";

INLINE void note(__u64 key, __s64 number, __s64 answer) {
  struct row row = {number, answer};
  bpf_map_update_elem(&rows, &key, &row, BPF_ANY);
}

SEC("xdp")
int numbers(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  char text[24] = {};
  __u64 key = 0;
  if (data + 54 > end)
    return XDP_PASS;
  for (int i = 0; i < 20; i++) {
    __u8 byte = *(__u8 *)(data + 14 + i);
    key = key * 31 + byte;
    text[i] = letters[byte & 15];
  }
  __s64 number = 77;
  __u64 positive = 78;
  __s64 answer;
#if MUTANT == 1
  answer = bpf_strtol(text, sizeof text + 8, 0, (long *)&number);
#else
  answer = bpf_strtol(text, sizeof text, 0, (long *)&number);
#endif
  note(key, number, answer);
  answer = bpf_strtol(text + 1, 3, 16, (long *)&number);
  note(key + 1, number, answer);
#if MUTANT == 2
  answer = bpf_strtoul(text, sizeof text, 8, (unsigned long *)((char *)&positive + 4));
#else
  answer = bpf_strtoul(text, sizeof text, 8, (unsigned long *)&positive);
#endif
  note(key + 2, positive, answer);
  answer = bpf_strtoul(text + 3, 9, (key & 1) ? 10 : 7, (unsigned long *)&positive);
  note(key + 3, positive, answer);
  __builtin_memset(text, letters[5] - 4, sizeof text);
  answer = bpf_strtoul(text, sizeof text, 10, (unsigned long *)&positive);
  note(4, positive, answer);
  answer = bpf_strtol(text, 19, 10, (long *)&number);
  note(5, number, answer);
  text[0] = '-';
  answer = bpf_strtol(text, 20, 10, (long *)&number);
  note(6, number, answer);
  answer = bpf_strtoul(text, 4, 10, (unsigned long *)&positive);
  note(7, positive, answer);
  return XDP_PASS;
}
