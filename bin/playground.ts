/**
 * `weir playground`: serves the page of web/ on this machine. The package has its files compressed by brotli; who does
 * not take that gets them decompressed. Nothing of the system but those files, and the captures, can be asked for.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { parseLine, UsageError } from './getopt.js';
import { CommandError } from './report.js';
import { writeOutput } from './standard.js';

export const USAGE = `Usage: weir playground [--port PORT] [EXPRESSION]

Serves the playground, a page that shows what an expression compiles to and why packets match, on 127.0.0.1, and prints its address,
with the expression in it. What is dropped into the page stays in it. Ctrl-C ends it.
`;

const ROWS = [
  { long: ['port'], value: 'required' },
  { short: 'h', long: ['help'], value: 'none' },
] as const;

const HOST = '127.0.0.1';
const COMPRESSED = '.br';

/** Strict: no script, style, or connection but to the page's own files. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** @throws UsageError, CommandError */
export async function runPlayground(words: readonly string[]): Promise<void> {
  const { options, operands } = parseLine(words, ROWS);
  if (options.some(({ row }) => row.long[0] === 'help')) return writeOutput(USAGE);
  const given = options.findLast(({ row }) => row.long[0] === 'port')?.value ?? '0';
  const port = Number(given);
  if (!/^\d+$/.test(given) || port > 65_535) throw new UsageError(`'${given}' is no port`);
  const server = createServer(answerFrom(filesOf()));
  await listen(server, port);
  const state = operands.length === 0 ? '' : `#${new URLSearchParams({ e: operands.join(' ') })}`;
  writeOutput(`http://${HOST}:${(server.address() as AddressInfo).port}/${state}\n`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** Beside the command's own folder, in `dist`. */
const folder = (name: string): string => fileURLToPath(new URL(`../${name}/`, import.meta.url));

/** What is served: the page, the modules of the library that it loads, and the project's own captures. */
const PARTS = [
  ['web', '/', /./],
  ['library', '/library/', /\.js$/],
  ['../captures', '/captures/', /\.pcap(ng)?(\.\w+)?$/],
] as const;

/** Files by what they are asked for by: what is no key here is not served, whatever a path says. */
type Files = ReadonlyMap<string, string>;

function filesOf(): Files {
  const files = new Map<string, string>();
  for (const [part, prefix, kind] of PARTS) {
    const root = folder(part);
    if (!existsSync(root)) throw new CommandError(`the playground is not built here: there is no ${root}`);
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const name = prefix + relative(root, path).split(sep).join('/');
      if (entry.isFile() && kind.test(name))
        files.set(name.endsWith(COMPRESSED) ? name.slice(0, -COMPRESSED.length) : name, path);
    }
  }
  const page = files.get('/index.html');
  if (page === undefined) throw new CommandError('the playground is not built here: npm run build');
  return files.set('/', page);
}

function answerFrom(files: Files): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const refuse = (status: number, text: string): void => {
      response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain' }).end(`${text}\n`);
    };
    // A page elsewhere whose name was made to mean this machine may not read what is here.
    const { port } = request.socket.address() as AddressInfo;
    if (![`${HOST}:${port}`, `localhost:${port}`].includes(request.headers.host ?? ''))
      return refuse(421, 'not the host that is served here');
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'only to be read');
    const name = (request.url ?? '').replace(/[?#].*/s, '');
    const path = files.get(name);
    if (path === undefined) return refuse(404, 'no such file');
    const takesBrotli = /\bbr\b/.test(String(request.headers['accept-encoding'] ?? ''));
    let body = readFileSync(path);
    const compressed = path.endsWith(COMPRESSED);
    if (compressed && !takesBrotli) body = brotliDecompressSync(body);
    response.writeHead(200, {
      ...HEADERS,
      'Content-Type': TYPES[name === '/' ? '.html' : extname(name)] ?? 'application/octet-stream',
      'Content-Length': body.length,
      // Names of built files change with what is in them.
      'Cache-Control': name.startsWith('/assets/') ? 'max-age=31536000, immutable' : 'no-cache',
      Vary: 'Accept-Encoding',
      ...(compressed && takesBrotli ? { 'Content-Encoding': 'br' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ message }) => reject(new CommandError(message)));
    server.listen(port, HOST, resolve);
  });
}
