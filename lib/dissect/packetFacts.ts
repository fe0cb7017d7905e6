/** What a capture says of its packets: numbers and times, from one packet to the next. */

import type { Packet } from '../savefile/index.js';
import type { Duration, FrameFacts } from './frame/view.js';
import type { Walk } from './frame/walk.js';

/** What they are taken from: a packet, or one in the midst of other bytes. */
export type Captured = Pick<Packet, 'wireLength' | 'seconds' | 'nanoseconds' | 'interface' | 'comments'> & {
  readonly data: { readonly length: number };
};

/** The facts of the packet that was given last. */
export class PacketFacts implements FrameFacts {
  number: number | undefined = undefined;
  private packet: Captured;
  private readonly walk: Walk | undefined;
  /** Times of the first packet, the one before, and the last; not a number where there was none. */
  private readonly first: Time = { seconds: Number.NaN, nanoseconds: 0 };
  private readonly previous: Time = { seconds: 0, nanoseconds: 0 };
  private readonly now: Time = { seconds: 0, nanoseconds: 0 };

  /** @param walk - Has walked over the packet, where names of protocols are asked for. */
  constructor(packet: Captured, walk?: Walk) {
    this.packet = packet;
    this.walk = walk;
  }

  /** Goes on to the next packet. */
  advance(packet: Captured): void {
    this.packet = packet;
    this.number = (this.number ?? 0) + 1;
    const { first, previous, now } = this;
    const isFirst = Number.isNaN(first.seconds);
    if (isFirst) set(first, packet);
    set(previous, isFirst ? packet : now);
    set(now, packet);
  }

  get sinceFirst(): Duration | undefined {
    return this.number === undefined ? undefined : between(this.first, this.now);
  }

  get sincePrevious(): Duration | undefined {
    return this.number === undefined ? undefined : between(this.previous, this.now);
  }

  get seconds(): number {
    return this.packet.seconds;
  }

  get nanoseconds(): number {
    return this.packet.nanoseconds;
  }

  get capturedLength(): number {
    return this.packet.data.length;
  }

  get wireLength(): number {
    return this.packet.wireLength;
  }

  get interfaceName(): string | undefined {
    return this.packet.interface.name;
  }

  get comments(): readonly string[] {
    return this.packet.comments;
  }

  get protocols(): string | undefined {
    const { walk } = this;
    if (walk === undefined) return undefined;
    let names = '';
    for (let i = 0; i < walk.count; i++) names += `${i === 0 ? '' : ':'}${walk.layouts[i]!.protocol}`;
    return names;
  }
}

interface Time {
  seconds: number;
  nanoseconds: number;
}

function set(time: Time, to: Readonly<Time>): void {
  time.seconds = to.seconds;
  time.nanoseconds = to.nanoseconds;
}

function between(from: Time, to: Time): Duration {
  const seconds = to.seconds - from.seconds;
  const nanoseconds = to.nanoseconds - from.nanoseconds;
  return nanoseconds >= 0 ? [seconds, nanoseconds] : [seconds - 1, nanoseconds + 1e9];
}
