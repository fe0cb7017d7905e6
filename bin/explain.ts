/** `--explain`: why packets match or do not, of savefiles and live. */

import { ebpf, type LiftForm, NO_LOADER, openSavefile, SNAP_LENGTH } from '../lib/command.js';
import type { Filter, LinkFilter, Packet } from '../lib/index.js';
import { listDevices, openDevice } from '../lib/node.js';
import { explain, reasonText } from '../lib/see.js';
import { expressionOf, filterOf } from './expression.js';
import { liftedProgram } from './lifted.js';
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
  if (wanted!.steps && options.ebpf !== undefined) return ebpfStepsText(linkFilter, packet, number, options);
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

const TYPES = { portable: 'socket_filter', xdp: 'xdp', tc: 'sched_cls', cgroup: 'cgroup_skb' } as const;

/** Each instruction of a form as eBPF that ran, with the registers that it changed and its words. */
function ebpfStepsText(filter: LinkFilter, packet: Packet, number: number, options: Options): string {
  const form = options.ebpf as Exclude<LiftForm, 'kernel'>;
  if (!(form in TYPES)) throw new CommandError(`the form ${form} does not run here: name another one`);
  const { program } = liftedProgram(filter, { form });
  const ran: { readonly index: number; readonly before: readonly bigint[] }[] = [];
  const run = ebpf.attach(program, ebpf.programTypeOf(TYPES[form]), {
    unverified: true,
    definition: true,
    observe: (index, _, registers) => ran.push({ index, before: [...registers] }),
  });
  const result = run(packet.data, 0, packet.data.length, packet.wireLength);
  const texts = new Map(
    ebpf.listInstructions(program, { lenient: true }).map(({ index, text }) => [index, text.trim()]),
  );
  const steps = ran.map(({ index, before }, step) => {
    const after = ran[step + 1]?.before ?? before;
    const changed = Object.fromEntries(
      after.flatMap((value, register) =>
        value === before[register] ? [] : [[`r${register}`, `0x${value.toString(16)}`]],
      ),
    );
    const { span } = program[index]!;
    const words = span === undefined ? '' : filter.expression.slice(span.start, span.end);
    return { index, text: texts.get(index) ?? '', changed, words };
  });
  if (options.json) return `${JSON.stringify({ number, form, result, steps })}\n`;
  const lines = steps.map(({ text, changed, words }) => {
    const registers = Object.entries(changed).map(([name, value]) => `${name}=${value}`);
    return `  ${text.padEnd(44)} ${registers.join(' ').padEnd(26)} ${words}`.trimEnd();
  });
  return `${number}: ${form} returns ${result} after ${steps.length} instructions\n${lines.join('\n')}\n`;
}
