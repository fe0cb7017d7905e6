/** What the functions behind helpers share: arguments as numbers, error numbers, the packet's bytes. */

import type { HelperFunction, HelperServices, MachineHost } from '../helpers.js';
import type { Hook } from '../hook.js';
import { RuntimeFault } from '../memory.js';

/** Makes a helper from what the runtime offers and the hook that the program is on, if it is on one. */
export type MakeHelper = (services: HelperServices, hook: Hook | undefined) => HelperFunction;

/** Linux `errno-base.h`, `errno.h`. */
export const ERROR = {
  ENOENT: 2,
  E2BIG: 7,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  ENODEV: 19,
  EINVAL: 22,
  ERANGE: 34,
  EPROTO: 71,
  EAFNOSUPPORT: 97,
  ENOTSUPP: 524,
} as const;

export const unsigned = ({ low }: MachineHost, argument: number): number => low[argument]! >>> 0;
export const signed = ({ low }: MachineHost, argument: number): number => low[argument]!;
export const wide = ({ low, high }: MachineHost, argument: number): bigint =>
  (BigInt(high[argument]! >>> 0) << 32n) | BigInt(low[argument]! >>> 0);

/** Whether an argument of 64 bits has others than these of its lower half. */
export const hasOthers = ({ low, high }: MachineHost, argument: number, bits: number): boolean =>
  high[argument] !== 0 || (low[argument]! & ~bits) !== 0;

/** A helper that needs a packet: without a hook there is none. */
export const onHook =
  (
    run: (machine: MachineHost, hook: Hook, services: HelperServices) => ReturnType<HelperFunction>,
  ): MakeHelper =>
  (services, hook) =>
  (machine) => {
    if (hook === undefined)
      throw new RuntimeFault(
        'bad-argument',
        machine.index,
        'this helper is for programs that run on packets',
      );
    return run(machine, hook, services);
  };

/** Bytes of the packet, to be written or read; `undefined` where it has none there. */
export function packetBytes({ packet }: Hook, offset: number, length: number): Uint8Array | undefined {
  if (offset < 0 || offset + length > packet.length) return undefined;
  return packet.bytes.subarray(packet.start + offset, packet.start + offset + length);
}
