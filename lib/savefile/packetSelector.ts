/** Selections asked about packets that are there already. */

import { PacketTime } from './container.js';
import type { CaptureInterface, Packet } from './packet.js';
import type { PacketTest, Select } from './scan.js';
import { Window } from './window.js';

/**
 * Asks a selection about packets one by one, as about those of a device's batches. Selections that keep state, as those
 * of a `FlowTracker`, are asked about every packet once, in the order in which packets come.
 *
 * @example
 * const wanted = packetSelector(new FlowTracker().fromMatch(selectionOf(compile('tcp port 80')).select));
 * for await (const batch of device.batches()) for (const packet of batch) if (wanted(packet)) keep(packet);
 *
 * @throws FilterError, from the test, where an expression has no meaning on a packet's link type.
 */
export function packetSelector(select: Select): (packet: Packet) => boolean {
  const tests = new Map<CaptureInterface, PacketTest>();
  let current: Packet;
  const time = new PacketTime(new Window(0), {
    readTime(_, into) {
      into.seconds = current.seconds;
      into.nanoseconds = current.nanoseconds;
    },
  });
  return (packet) => {
    current = packet;
    const { data, wireLength, interface: source } = packet;
    let test = tests.get(source);
    if (test === undefined) tests.set(source, (test = select(source, time)));
    return test(data, 0, data.length, wireLength) !== 0;
  };
}
