/*
 * The kernel: an eBPF program for tc, loaded, and run on each packet by BPF_PROG_TEST_RUN, which repeats the
 * run and times it itself. The first argument is the program in hexadecimal; the others are in peer.h. A
 * round is one call for each packet, with as many repeats as runs are asked for.
 */
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "peer.h"

static long bpf(int command, union bpf_attr *attribute) {
  return syscall(SYS_bpf, command, attribute, sizeof *attribute);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  size_t bytes = strlen(argv[1]) / 2;
  unsigned char *program = malloc(bytes);
  for (size_t i = 0; i < bytes; i++) {
    unsigned byte;
    if (sscanf(argv[1] + 2 * i, "%2x", &byte) != 1) return 2;
    program[i] = byte;
  }
  union bpf_attr attribute;
  memset(&attribute, 0, sizeof attribute);
  attribute.prog_type = BPF_PROG_TYPE_SCHED_CLS;
  attribute.insn_cnt = bytes / 8;
  attribute.insns = (uintptr_t)program;
  attribute.license = (uintptr_t) "GPL";
  int fd = bpf(BPF_PROG_LOAD, &attribute);
  if (fd < 0) return 1;
  unsigned count, runs = atoi(argv[2]), rounds = atoi(argv[3]);
  struct packet *packets = read_packets(&count);
  for (unsigned round = 0; round < rounds; round++) {
    unsigned matched = 0;
    double sum = 0;
    for (unsigned i = 0; i < count; i++) {
      memset(&attribute, 0, sizeof attribute);
      attribute.test.prog_fd = fd;
      attribute.test.data_in = (uintptr_t)packets[i].data;
      attribute.test.data_size_in = packets[i].length;
      attribute.test.repeat = runs;
      if (bpf(BPF_PROG_TEST_RUN, &attribute) < 0) return 1;
      matched += attribute.test.retval != 0;
      sum += attribute.test.duration;
    }
    if (round == 0) printf("%zu %u\n", bytes / 8, matched);
    printf("%.3f\n", sum / count);
  }
  return 0;
}
