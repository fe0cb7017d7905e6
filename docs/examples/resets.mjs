/**
 * Tells who resets TCP connections, as it happens or from a capture; in the end how often who did.
 *
 *     $ node docs/examples/resets.mjs captures/http.pcap
 *     # node docs/examples/resets.mjs eth0 60
 */
import { existsSync } from 'node:fs';
import { compile, createPrinter } from 'weir-bpf';
import { openCapture, openDevice } from 'weir-bpf/node';

const [, , from, seconds = '60'] = process.argv;
const filter = compile('@tcp-reset');
const source = existsSync(from)
  ? await openCapture(from, { filter })
  : await openDevice(from, { filter, immediate: true, signal: AbortSignal.timeout(Number(seconds) * 1000) });
const printer = createPrinter();
const counts = new Map();
try {
  for await (const packet of source) {
    const line = printer.print(packet);
    const [, sender, receiver] = /^\S+ IP6? (\S+)\.\d+ > (\S+)\.\d+:/.exec(line) ?? [];
    counts.set(`${sender} resets ${receiver}`, (counts.get(`${sender} resets ${receiver}`) ?? 0) + 1);
    console.log(line);
  }
} catch (error) {
  if (error.name !== 'TimeoutError') throw error;
}
for (const [pair, count] of counts) console.log(`${count} times ${pair}`);
