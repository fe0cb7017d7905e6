/**
 * An HTTP server that filters what is sent to it: the capture goes in as it comes, what matches goes out as it is
 * found, as fast as the client reads. It ends when the client goes away.
 *
 *     $ node docs/examples/upload.mjs
 *     $ curl --data-binary @captures/http.pcapng 'http://localhost:8080/?filter=tcp+dst+port+80' > web.pcapng
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { compile, FilterError } from 'weir-bpf';
import { filterStream } from 'weir-bpf/node';

const server = createServer(async (request, response) => {
  const gone = new AbortController();
  const { signal } = gone;
  response.once('close', () => gone.abort());
  try {
    const { searchParams } = new URL(request.url, 'http://localhost');
    const stream = request.pipe(filterStream(compile(searchParams.get('filter') ?? ''), { signal }));
    for await (const chunk of stream) if (!response.write(chunk)) await once(response, 'drain', { signal });
    response.end();
    console.log(`${stream.packetsMatched} of ${stream.packetsRead} packets`);
  } catch (error) {
    if (signal.aborted || response.headersSent) return response.destroy();
    request.resume();
    response.writeHead(error instanceof FilterError ? 400 : 422, { connection: 'close' }).end(`${error}\n`);
  }
});
server.listen(Number(process.argv[2] ?? 8080), () => console.log(`port ${server.address().port}`));
