/**
 * Parts a capture by named filters, in one pass.
 *
 *     $ node docs/examples/split.mjs captures/http.pcapng . tcp-syn tcp-fin http-requests
 */
import { join } from 'node:path';
import { compile } from 'weir-bpf';
import { splitFile } from 'weir-bpf/node';

const [, , capture, folder, ...names] = process.argv;
const outputs = Object.fromEntries(
  names.map((name) => [join(folder, `${name}.pcapng`), compile(`@${name}`)]),
);
console.log(await splitFile(capture, outputs, { rest: join(folder, 'rest.pcapng') }));
