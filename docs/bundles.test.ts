/** What users bundle of the published faces: small, without warnings, without what they did not ask for. */

import { gzipSync } from 'node:zlib';
import test from 'ava';
import { build } from 'esbuild';
import { projectRoot } from '../lib/testing/vectors.js';

async function bundle(contents: string) {
  const { outputFiles, warnings } = await build({
    stdin: { contents, resolveDir: projectRoot },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'silent',
  });
  const { text } = outputFiles[0]!;
  return { warnings, text, size: gzipSync(text, { level: 9 }).length };
}

test('the compiler alone is at most 60 KB, compressed', async (t) => {
  const { size, text, warnings } = await bundle("export { compileProgram } from 'weir-bpf/compile'");
  t.deepEqual(warnings, []);
  t.true(size <= 60 * 1024, `${size} bytes`);
  t.false(text.includes('82c,xfer'), "IANA's registry is in it");
});

test('a filter brings no verifier along, no printers, and nothing of Node', async (t) => {
  const { text, warnings } = await bundle("export { compile } from 'weir-bpf'");
  t.deepEqual(warnings, []);
  t.false(/["']node:|invalid access to packet|NXDomain/.test(text));
});
