/** The packets that micro-benchmarks filter: made once by makeCapture. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCapture } from '../lib/node.js';

export const FOLDER = join(tmpdir(), 'weir-bench');
export const PACKETS = 512;

/** Makes a capture unless an earlier run did. */
export function makeCapture(name: string, ...options: readonly string[]): string {
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, name);
  const script = fileURLToPath(new URL('./makeCapture.js', import.meta.url));
  if (!existsSync(path)) spawnSync(process.execPath, [script, path, ...options], { stdio: 'inherit' });
  return path;
}

export async function samplePackets(): Promise<readonly Uint8Array[]> {
  const packets: Uint8Array[] = [];
  const capture = await openCapture(makeCapture('512.pcap', '--packets', `${PACKETS}`, '--addresses', '64'));
  for await (const batch of capture.batches()) for (const { data } of batch) packets.push(data.slice());
  return packets;
}
