/**
 * Counts what matches in several captures, each on a thread of its own. A filter is compiled where it is used: what
 * goes to a worker is the expression.
 *
 *     $ node docs/examples/workers.mjs 'tcp port 80' captures/http.pcap captures/tls.pcap
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { compile } from 'weir-bpf';
import { openCapture } from 'weir-bpf/node';

if (isMainThread) {
  const [, , expression, ...paths] = process.argv;
  const count = (path) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { expression, path } });
      worker.once('message', resolve).once('error', reject);
    });
  const counts = await Promise.all(paths.map(count));
  for (const [index, matched] of counts.entries()) console.log(paths[index], matched);
} else {
  const { expression, path } = workerData;
  const capture = await openCapture(path, { filter: compile(expression) });
  await capture.scan();
  parentPort.postMessage(capture.packetsMatched);
}
