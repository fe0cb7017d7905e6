/**
 * Follows a capture that is still being written, as `tail -f` does: `tail -c +1 -f FILE | node follow.mjs EXPRESSION`.
 *
 *     $ cat captures/http.pcap | node docs/examples/follow.mjs '@tcp-syn'
 */
import { compile, createPrinter } from 'weir-bpf';
import { openCapture } from 'weir-bpf/node';

const printer = createPrinter({ timestamp: 1 });
const capture = await openCapture(process.stdin, { filter: compile(process.argv[2] ?? '') });
for await (const packet of capture) console.log(printer.print(packet));
