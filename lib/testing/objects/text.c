/* Compares and makes texts. LIBBPF */
#include "common.h"

char line[32];
__u64 gets;

SEC("xdp")
int text(struct xdp_md *ctx) {
  void *data = XDP_START(ctx), *end = XDP_END(ctx);
  char word[8] = {};
  __u64 length = end - data;
  if (data + 74 <= end)
    __builtin_memcpy(word, data + 66, 8);
#if MUTANT == 1
  if (bpf_strncmp(word, length, "GET ") == 0)
#else
  if (bpf_strncmp(word, 4, "GET ") == 0)
#endif
    gets++;
  static const char format[] = "%d bytes, %llu";
  __u64 values[2] = {length, gets};
#if MUTANT == 2
  long written = bpf_snprintf(line, sizeof(line) + 8, format, values, sizeof(values));
#else
  long written = bpf_snprintf(line, sizeof(line), format, values, sizeof(values));
#endif
  return written > 12 ? XDP_DROP : XDP_PASS;
}
