/* libpcap's compiler and its bpf_filter(). The first argument is the expression; the others are in peer.h. */
#include <pcap/pcap.h>
#include "peer.h"

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 262144);
  struct bpf_program program;
  if (pcap_compile(pcap, &program, argv[1], 1, PCAP_NETMASK_UNKNOWN) != 0) return 1;
  unsigned count;
  struct packet *packets = read_packets(&count);
  MEASURE(program.bf_len,
          bpf_filter(program.bf_insns, packets[i].data, packets[i].length, packets[i].length) != 0);
  return 0;
}
