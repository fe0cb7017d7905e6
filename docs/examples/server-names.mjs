/**
 * Counts the server names that TLS clients ask for, live or from a capture. Ends after a number of seconds.
 *
 *     $ node docs/examples/server-names.mjs captures/tls.pcap
 *     # node docs/examples/server-names.mjs eth0 60
 */
import { existsSync } from 'node:fs';
import { compile } from 'weir-bpf';
import { openCapture, openDevice } from 'weir-bpf/node';

const [, , from, seconds = '60'] = process.argv;
const filter = compile('@tls-client-hello');
const source = existsSync(from) ? await openCapture(from, { filter }) : await openDevice(from, { filter });
const timer = setTimeout(() => source.close(), Number(seconds) * 1000);
const counts = new Map();
for await (const batch of source.batches())
  for (const { data } of batch) {
    const name = serverName(data);
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
clearTimeout(timer);
console.table([...counts].map(([name, count]) => ({ name, count })));

/** The name in a ClientHello: an extension of type 0, its list, an entry of type 0, a length (RFC 6066 §3). */
function serverName(data) {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  for (let at = bytes.length - 9; at > 40; at--) {
    const [type, extension, list, length] = [0, 2, 4, 7].map((offset) => bytes.readUInt16BE(at + offset));
    if (type === 0 && bytes[at + 6] === 0 && list === length + 3 && extension === length + 5 && length > 0)
      return bytes.toString('latin1', at + 9, at + 9 + length);
  }
}
