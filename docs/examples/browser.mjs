/**
 * What runs in a browser as well: a capture from a Blob, such as a file that somebody dropped on a page.
 *
 *     $ node docs/examples/browser.mjs
 */
import { compile, createPrinter, readCapture } from 'weir-bpf';

/** The lines of the packets that match. */
export async function linesOf(blob, expression) {
  const filter = compile(expression);
  const printer = createPrinter({ timestamp: 1 });
  const lines = [];
  const capture = await readCapture(blob.stream());
  for await (const packet of capture) if (filter.matches(packet)) lines.push(printer.print(packet));
  return lines;
}

// On Node, to try it: there a Blob is made of bytes.
const { readFile } = await import('node:fs/promises');
const blob = new Blob([await readFile('captures/icmp-echo.pcap')]);
console.log((await linesOf(blob, 'icmp[icmptype] = icmp-echo')).join('\n'));
