/** `--explain`: why packets match or do not, of savefiles and live. */

import { NO_LOADER, openSavefile, SNAP_LENGTH } from '../lib/command.js';
import type { Filter, LinkFilter, Packet } from '../lib/index.js';
import { listDevices, openDevice } from '../lib/node.js';
import { explain, reasonText } from '../lib/see.js';
import { expressionOf, filterOf } from './expression.js';
import type { Options } from './options.js';
import { CommandError } from './report.js';
import { STDIO, writeMessage, writeOutput } from './standard.js';

const STDIN = 0;

/** With `-c`, of so many packets. */
export async function explainPackets(options: Options): Promise<void> {
  const source = await expressionOf(options);
  if (source.trim() === '') throw new CommandError('--explain is about an expression: give one');
  const filter = filterOf(source, options, NO_LOADER, options.snapLength ?? SNAP_LENGTH);
  const { packet: wanted } = options.explain!;
  const limit = options.count ?? Number.POSITIVE_INFINITY;
  let number = 0;
  let told = 0;
  for await (const packet of packetsOf(options)) {
    number++;
    if (wanted !== undefined && number !== wanted) continue;
    writeOutput(textOf(filter, packet, number, options));
    if (++told >= limit || number === wanted) break;
  }
  if (wanted !== undefined && number < wanted)
    throw new CommandError(`there is no packet ${wanted}: ${number} were read`);
}

async function* packetsOf(options: Options): AsyncGenerator<Packet> {
  const { read: name } = options;
  if (options.readList !== undefined) throw new CommandError('--explain reads one savefile: name it with -r');
  if (name === undefined) {
    yield* devicePackets(options);
    return;
  }
  await using capture = await openSavefile(name === STDIO ? STDIN : name, { name });
  writeMessage(`reading from file ${name}\n`);
  yield* capture;
}

/** Every packet of a device: the kernel would keep those back that do not match. */
async function* devicePackets(options: Options): AsyncGenerator<Packet> {
  const name = options.interface ?? listDevices()[0]?.name;
  if (name === undefined) throw new CommandError('no suitable device found');
  const { snapLength = SNAP_LENGTH, promiscuous, direction } = options;
  await using device = await openDevice(name, { snapLength, promiscuous, direction, immediate: true });
  for await (const batch of device.batches()) yield* batch;
}

function textOf(filter: Filter, packet: Packet, number: number, options: Options): string {
  const { json, explain: wanted } = options;
  const linkFilter = filter.for(packet.interface);
  if (wanted!.steps) return stepsText(linkFilter, packet, number, json);
  const reason = explain(linkFilter, packet);
  if (!json) return `${number}: ${reasonText(reason).replaceAll('\n', '\n     ')}\n`;
  const change = reason.change.map((part) => ({ ...part, bytes: Buffer.from(part.bytes).toString('hex') }));
  return `${JSON.stringify({ number, ...reason, change })}\n`;
}

/** Each instruction that ran, with the registers after it and its words. */
function stepsText(filter: LinkFilter, packet: Packet, number: number, json: boolean): string {
  const { accepted, result, steps } = filter.explain(packet.data, packet.wireLength);
  if (json) {
    const shown = steps.map(({ instruction: { code, jt, jf, k }, ...step }) => ({
      ...step,
      code,
      jt,
      jf,
      k,
    }));
    return `${JSON.stringify({ number, accepted, result, steps: shown })}\n`;
  }
  const listing = String(filter).replaceAll('\t', ' ').split('\n');
  const lines = steps.map(({ index, a, x, words }) => {
    const registers = `A=0x${a.toString(16)} X=0x${x.toString(16)}`;
    return `  ${listing[index]!.padEnd(44)} ${registers.padEnd(26)} ${words}`.trimEnd();
  });
  return `${number}: ${accepted ? 'yes' : 'no'}, ${result} after ${steps.length} instructions\n${lines.join('\n')}\n`;
}
