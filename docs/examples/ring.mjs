/**
 * A ring of compressed captures: FOLDER holds the last so many files, each of so many packets.
 *
 *     $ node docs/examples/ring.mjs captures/http.pcap ring 10 2
 *     # node docs/examples/ring.mjs eth0 /var/tmp/ring 100000 24 'not port 22'
 */
import { createWriteStream, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { compile, PcapEncoder } from 'weir-bpf';
import { openCapture, openDevice } from 'weir-bpf/node';

const [, , from, folder, most = '100000', files = '10', expression = ''] = process.argv;
const filter = compile(expression);
const source = existsSync(from) ? await openCapture(from, { filter }) : await openDevice(from, { filter });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => source.close());
mkdirSync(folder, { recursive: true });

const names = [];
let encoder, gzip, written;
function begin({ linkType, snapLength }) {
  const name = join(folder, `${Date.now()}-${names.length}.pcap.gz`);
  names.push(name);
  if (names.length > Number(files)) rmSync(names[names.length - 1 - Number(files)]);
  encoder = new PcapEncoder({ linkType, snapLength, nanoseconds: true });
  gzip = createGzip();
  written = finished(gzip.pipe(createWriteStream(name)));
}
async function end() {
  gzip?.end(Buffer.from(encoder.take()));
  await written;
  gzip = undefined;
}

let count = 0;
for await (const batch of source.batches())
  for (const packet of batch) {
    if (count % Number(most) === 0) {
      await end();
      begin(packet.interface);
    }
    count++;
    encoder.write(packet);
    // Whoever writes faster than the disk waits for it.
    if (encoder.size > 1 << 20 && !gzip.write(Buffer.from(encoder.take())))
      await new Promise((resolve) => gzip.once('drain', resolve));
  }
await end();
console.log(`${count} packets, ${Math.min(names.length, Number(files))} files`);
