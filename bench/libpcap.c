/*
 * The peer of the micro-benchmarks: libpcap's compiler and its bpf_filter(), on the same packets.
 *
 * Arguments: expression, runs over all packets in a round, rounds. Standard input: number of packets; length
 * and bytes (hexadecimal) of each. Prints the program's length, matches of one run, then nanoseconds per
 * packet of each round.
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

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 262144);
  struct bpf_program program;
  if (pcap_compile(pcap, &program, argv[1], 1, PCAP_NETMASK_UNKNOWN) != 0) return 1;
  unsigned runs = atoi(argv[2]), rounds = atoi(argv[3]), packets;
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
  unsigned matched = 0;
  for (unsigned i = 0; i < packets; i++)
    matched += bpf_filter(program.bf_insns, data[i], length[i], length[i]) != 0;
  printf("%u %u\n", program.bf_len, matched);
  for (unsigned round = 0; round < rounds; round++) {
    unsigned sum = 0;
    double start = now();
    for (unsigned run = 0; run < runs; run++)
      for (unsigned i = 0; i < packets; i++)
        sum += bpf_filter(program.bf_insns, data[i], length[i], length[i]) != 0;
    double each = (now() - start) / ((double)runs * packets);
    if (sum != runs * matched) return 1;
    printf("%.3f\n", each);
  }
  return 0;
}
