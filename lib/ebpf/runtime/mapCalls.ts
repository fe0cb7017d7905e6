/** Helpers on maps. Linux `kernel/bpf/helpers.c`, `ringbuf.c`, `kernel/trace/bpf_trace.c`. */

import {
  answer,
  answerUnsigned,
  answerWide,
  bytesAt,
  type HelperServices,
  type MachineHost,
} from '../helpers.js';
import { lookupElement, pushElement, removeElement, takeElement, updateElement } from '../maps.js';
import type { BpfMap, OutputMap } from '../mapTypes.js';
import { RuntimeFault } from '../memory.js';
import { appendRecord, closeRecord, isReserved, reserveRecord } from '../rings.js';
import { ERROR, hasOthers, type MakeHelper, unsigned, wide } from './arguments.js';

const { E2BIG, EFAULT, EINVAL, ENOENT } = ERROR;

function mapIn(machine: MachineHost, { maps }: HelperServices, register: number): BpfMap {
  const map = machine.high[register] === 0 ? maps?.get(machine.low[register]!) : undefined;
  if (map === undefined) throw new RuntimeFault('bad-argument', machine.index, `r${register} is no map`);
  return map;
}

/** A helper whose r1 is a map. */
const onMap =
  (run: (machine: MachineHost, map: BpfMap, services: HelperServices) => number): MakeHelper =>
  (services) =>
  (machine) =>
    answer(machine, run(machine, mapIn(machine, services, 1), services));

/** The same, with a key in r2. */
const onKey = (run: (machine: MachineHost, map: BpfMap, key: Uint8Array) => number): MakeHelper =>
  onMap((machine, map) => run(machine, map, bytesAt(machine, 2, map.keySize, false)));

const lookup: MakeHelper = (services) => (machine) => {
  const map = mapIn(machine, services, 1);
  // As bytesAt(), without an object for the bytes: many programs do little else.
  const address = machine.low[2]! >>> 0;
  const region = machine.memory.locate(address, machine.high[2]!, map.keySize, false, machine.index);
  return answerUnsigned(machine, lookupElement(map, region.bytes, region.start + address - region.base));
};

/** The value of the one cgroup there is. */
const localStorage: MakeHelper = (services) => (machine) => {
  const map = mapIn(machine, services, 1);
  return answerUnsigned(machine, lookupElement(map, FIRST));
};
const FIRST = new Uint8Array(4);

/** Of the one processor there is. */
const lookupPerCpu: MakeHelper = (services) => (machine) => {
  const map = mapIn(machine, services, 1);
  const key = bytesAt(machine, 2, map.keySize, false);
  return answerUnsigned(machine, unsigned(machine, 3) === 0 ? lookupElement(map, key) : 0);
};

/** `BPF_NOEXIST`, `BPF_EXIST`: one of them, or neither. */
const LAST_FLAG = 2;
const update = onKey((machine, map, key) => {
  const value = bytesAt(machine, 3, map.valueSize, false);
  if (machine.high[4] !== 0 || unsigned(machine, 4) > LAST_FLAG) return -EINVAL;
  return updateElement(map, key, value, machine.low[4]!);
});

const remove = onKey((_, map, key) => removeElement(map, key));

const push = onMap((machine, map) => {
  const value = bytesAt(machine, 2, map.valueSize, false);
  return pushElement(map, value, machine.high[3] === 0 ? machine.low[3]! : -1);
});
const take = (removes: boolean): MakeHelper =>
  onMap((machine, map) => takeElement(map, bytesAt(machine, 2, map.valueSize, true), removes));

const tailCall: MakeHelper =
  ({ maps }) =>
  (machine) => {
    const array = machine.high[2] === 0 ? maps?.get(machine.low[2]!) : undefined;
    if (array?.kind !== 'programArray')
      throw new RuntimeFault('bad-argument', machine.index, 'r2 is no program array');
    const program = array.programs[unsigned(machine, 3)];
    return program === undefined ? answer(machine, -ENOENT) : { kind: 'tailCall', program };
  };

function outputOf(
  machine: MachineHost,
  services: HelperServices,
  register: number,
  kind: OutputMap['kind'],
): OutputMap {
  const map = mapIn(machine, services, register);
  if (map.kind === kind) return map as OutputMap;
  throw new RuntimeFault('bad-argument', machine.index, `r${register} is a map of another kind, ${map.kind}`);
}

/** Hands a record to the host, at once or to be taken from the map. */
const emit = (map: OutputMap, data: Uint8Array, { output }: HelperServices): number =>
  appendRecord(map, data, output);

/** `BPF_F_INDEX_MASK` and `BPF_F_CTXLEN_MASK`: which event, and how much of the packet goes along. */
const CURRENT_CPU = 0xffff_ffff;
const MOST_CONTEXT = 0xf_ffff;

const perfEventOutput: MakeHelper = (services, hook) => (machine) => {
  const map = outputOf(machine, services, 2, 'perfEventArray');
  const data = bytesAt(machine, 4, unsigned(machine, 5), false);
  const [index, context] = [unsigned(machine, 3), machine.high[3]! >>> 0];
  if (context > MOST_CONTEXT) return answer(machine, -EINVAL);
  const packet = hook?.packet;
  if (context > (packet?.length ?? 0)) return answer(machine, -EFAULT);
  if (index !== CURRENT_CPU && index >= map.maxEntries) return answer(machine, -E2BIG);
  if (index !== CURRENT_CPU && index !== 0) return answer(machine, -ENOENT);
  const sample = new Uint8Array(data.length + context);
  sample.set(data);
  if (packet !== undefined)
    sample.set(packet.bytes.subarray(packet.start, packet.start + context), data.length);
  return answer(machine, emit(map, sample, services));
};

/** `BPF_RB_NO_WAKEUP`, `BPF_RB_FORCE_WAKEUP`. */
const WAKEUP_FLAGS = 3;

const ringbufOutput: MakeHelper = (services) => (machine) => {
  const map = outputOf(machine, services, 1, 'ringBuffer');
  const data = bytesAt(machine, 2, unsigned(machine, 3), false);
  if (hasOthers(machine, 4, WAKEUP_FLAGS)) return answer(machine, -EINVAL);
  return answer(machine, emit(map, data, services));
};

const ringbufReserve: MakeHelper = (services) => (machine) => {
  const map = outputOf(machine, services, 1, 'ringBuffer');
  const isTooLong = machine.high[2] !== 0 || unsigned(machine, 2) > MAX_RECORD;
  if (isTooLong || hasOthers(machine, 3, 0)) return answer(machine, 0);
  return answerUnsigned(machine, reserveRecord(map, unsigned(machine, 2)));
};
/** Linux `RINGBUF_MAX_RECORD_SZ`. */
const MAX_RECORD = 0x3fff_ffff;

/** Submits or discards the record at r1. */
const close =
  (state: 'submitted' | 'discarded'): MakeHelper =>
  ({ maps = new Map(), output }) =>
  (machine) => {
    const address = unsigned(machine, 1);
    for (const map of maps.values())
      if (map.kind === 'ringBuffer' && isReserved(map, address)) {
        closeRecord(map, address, state, output);
        return answer(machine, 0);
      }
    throw new RuntimeFault('bad-argument', machine.index, 'r1 is no record that was reserved');
  };

const ringbufQuery: MakeHelper = (services) => (machine) => {
  const { produced, consumed, maxEntries } = outputOf(machine, services, 1, 'ringBuffer');
  // `BPF_RB_AVAIL_DATA`, `_RING_SIZE`, `_CONS_POS`, `_PROD_POS`.
  const answers = [produced - consumed, maxEntries, consumed, produced];
  const which = wide(machine, 2);
  return answerWide(machine, BigInt(which < 4n ? answers[Number(which)]! : 0));
};

export const MAP_CALLS: readonly (readonly [number: number, make: MakeHelper])[] = [
  [1, lookup],
  [2, update],
  [3, remove],
  [12, tailCall],
  [25, perfEventOutput],
  [81, localStorage],
  [87, push],
  [88, take(true)],
  [89, take(false)],
  [130, ringbufOutput],
  [131, ringbufReserve],
  [132, close('submitted')],
  [133, close('discarded')],
  [134, ringbufQuery],
  [195, lookupPerCpu],
];
