/**
 * Logs the DNS answers of a capture that report a failure.
 *
 *     $ node docs/examples/failed-dns.mjs captures/dns.pcap
 */
import { compile, createPrinter } from 'weir-bpf';
import { openCapture } from 'weir-bpf/node';

const printer = createPrinter({ timestamp: 1 });
const capture = await openCapture(process.argv[2], { filter: compile('@dns-failures') });
for await (const packet of capture)
  console.log(new Date(packet.seconds * 1000).toISOString(), printer.print(packet));
