/*
 * What the peers in C have in common. Arguments: what to run, runs over all packets in a round, rounds.
 * Standard input: number of packets; length and bytes (hexadecimal) of each. Printed: the program's length and
 * the matches of one run, then nanoseconds per packet of each round.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct packet {
  unsigned length;
  unsigned char *data;
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

/* Every packet in memory of its own; ends the process where the input is not as it should be. */
static struct packet *read_packets(unsigned *count) {
  if (scanf("%u", count) != 1) exit(1);
  struct packet *packets = calloc(*count, sizeof *packets);
  for (unsigned i = 0; i < *count; i++) {
    if (scanf("%u ", &packets[i].length) != 1) exit(1);
    packets[i].data = malloc(packets[i].length + 1);
    for (unsigned j = 0; j < packets[i].length; j++) {
      unsigned byte;
      if (scanf("%2x", &byte) != 1) exit(1);
      packets[i].data[j] = byte;
    }
  }
  return packets;
}

/* Times RUN, an expression over `i` that is 1 where packet i matches. */
#define MEASURE(PROGRAM_LENGTH, RUN)                                                        \
  do {                                                                                      \
    unsigned runs = atoi(argv[2]), rounds = atoi(argv[3]), matched = 0;                     \
    for (unsigned i = 0; i < count; i++) matched += (RUN);                                  \
    printf("%u %u\n", (unsigned)(PROGRAM_LENGTH), matched);                                 \
    for (unsigned round = 0; round < rounds; round++) {                                     \
      unsigned sum = 0;                                                                     \
      double start = now();                                                                 \
      for (unsigned run = 0; run < runs; run++)                                             \
        for (unsigned i = 0; i < count; i++) sum += (RUN);                                  \
      double each = (now() - start) / ((double)runs * count);                               \
      if (sum != runs * matched) return 1;                                                  \
      printf("%.3f\n", each);                                                               \
    }                                                                                       \
  } while (0)
