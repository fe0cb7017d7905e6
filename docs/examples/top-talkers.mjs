/**
 * The hosts that sent most in the last second, each second. Of a capture the seconds are those of its packets.
 *
 *     $ node docs/examples/top-talkers.mjs captures/http.pcap
 *     # node docs/examples/top-talkers.mjs eth0 60
 */
import { existsSync } from 'node:fs';
import { compile } from 'weir-bpf';
import { openCapture, openDevice } from 'weir-bpf/node';

const [, , from, seconds = '60', expression = 'ip or ip6'] = process.argv;
const filter = compile(expression);
const source = existsSync(from)
  ? await openCapture(from, { filter })
  : await openDevice(from, { filter, snapLength: 64, signal: AbortSignal.timeout(Number(seconds) * 1000) });

let second;
let bytes = new Map();
function tell() {
  const most = [...bytes].sort(([, a], [, b]) => b - a).slice(0, 5);
  if (most.length > 0)
    console.log(`${new Date(second * 1000).toISOString()} ${most.map((one) => one.join(' ')).join(', ')}`);
  bytes = new Map();
}
try {
  for await (const batch of source.batches())
    for (const { data, wireLength, seconds: now } of batch) {
      if (now !== second) tell();
      second = now;
      const sender = senderOf(data);
      if (sender !== undefined) bytes.set(sender, (bytes.get(sender) ?? 0) + wireLength);
    }
} catch (error) {
  if (error.name !== 'TimeoutError') throw error;
}
tell();
const { dropped = 0 } = source.stats?.() ?? {};
if (dropped > 0) console.log(`${dropped} packets came too fast`);

/** The sender of an Ethernet packet without tags. */
function senderOf(data) {
  const type = (data[12] << 8) | data[13];
  if (type === 0x0800 && data.length >= 34) return data.subarray(26, 30).join('.');
  if (type === 0x86dd && data.length >= 54)
    return Buffer.from(data.subarray(22, 38)).toString('hex').match(/.{4}/g).join(':');
}
