/*
 * The peer of the micro-benchmarks: libpcap's bpf_filter() on the programs and packets of the others.
 *
 * Standard input: number of instructions; code jt jf k of each; number of packets; length and bytes
 * (hexadecimal) of each; number of rounds; runs over all packets in a round. Prints matches of one run,
 * then nanoseconds per packet of each round.
 */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(void) {
  unsigned count, packets, rounds, runs;
  if (scanf("%u", &count) != 1) return 1;
  struct bpf_insn *program = calloc(count, sizeof *program);
  for (unsigned i = 0; i < count; i++) {
    unsigned code, jt, jf, k;
    if (scanf("%u %u %u %u", &code, &jt, &jf, &k) != 4) return 1;
    program[i] = (struct bpf_insn){code, jt, jf, k};
  }
  if (scanf("%u", &packets) != 1) return 1;
  u_char **data = calloc(packets, sizeof *data);
  unsigned *length = calloc(packets, sizeof *length);
  for (unsigned i = 0; i < packets; i++) {
    if (scanf("%u ", &length[i]) != 1) return 1;
    data[i] = malloc(length[i] + 1);
    for (unsigned j = 0; j < length[i]; j++) {
      unsigned byte;
      if (scanf("%2x", &byte) != 1) return 1;
      data[i][j] = byte;
    }
  }
  if (scanf("%u %u", &rounds, &runs) != 2) return 1;
  unsigned matched = 0;
  for (unsigned i = 0; i < packets; i++)
    matched += bpf_filter(program, data[i], length[i], length[i]) != 0;
  printf("%u\n", matched);
  for (unsigned round = 0; round < rounds; round++) {
    unsigned sum = 0;
    double start = now();
    for (unsigned run = 0; run < runs; run++)
      for (unsigned i = 0; i < packets; i++) sum += bpf_filter(program, data[i], length[i], length[i]) != 0;
    double each = (now() - start) / ((double)runs * packets);
    if (sum != runs * matched) return 1;
    printf("%.3f\n", each);
  }
  return 0;
}
