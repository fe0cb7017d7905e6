/*
 * DPDK's librte_bpf: libpcap's program converted to eBPF, interpreted or compiled. The first argument is `int`
 * or `jit` and the expression, with a space between; the others are in peer.h.
 */
#define ALLOW_EXPERIMENTAL_API
#include <pcap/pcap.h>
#include <rte_bpf.h>
#include <rte_eal.h>
#include <rte_mbuf.h>
#include <string.h>
#include "peer.h"

int main(int argc, char **argv) {
  if (argc != 4 || strlen(argv[1]) < 4) return 2;
  int compiled = strncmp(argv[1], "jit", 3) == 0;
  pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 262144);
  struct bpf_program program;
  if (pcap_compile(pcap, &program, argv[1] + 4, 1, PCAP_NETMASK_UNKNOWN) != 0) return 1;
  /* Conversion allocates from DPDK's memory: ordinary pages, no device. */
  char *eal[] = {"dpdk", "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf", "--log-level=1", "-m", "64"};
  if (rte_eal_init(sizeof eal / sizeof *eal, eal) < 0) return 1;
  struct rte_bpf_prm *parameters = rte_bpf_convert(&program);
  if (parameters == NULL) return 1;
  struct rte_bpf *bpf = rte_bpf_load(parameters);
  if (bpf == NULL) return 1;
  struct rte_bpf_jit jit = {0};
  if (compiled && (rte_bpf_get_jit(bpf, &jit) != 0 || jit.func == NULL)) return 1;
  unsigned count;
  struct packet *packets = read_packets(&count);
  struct rte_mbuf *buffers = calloc(count, sizeof *buffers);
  for (unsigned i = 0; i < count; i++) {
    buffers[i].buf_addr = packets[i].data;
    buffers[i].buf_len = packets[i].length;
    buffers[i].data_len = packets[i].length;
    buffers[i].pkt_len = packets[i].length;
    buffers[i].nb_segs = 1;
  }
  if (compiled)
    MEASURE(parameters->nb_ins, jit.func(&buffers[i]) != 0);
  else
    MEASURE(parameters->nb_ins, rte_bpf_exec(bpf, &buffers[i]) != 0);
  return 0;
}
