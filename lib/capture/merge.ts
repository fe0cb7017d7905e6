/** Captures merged by time: of the packets that come next in each, the earliest goes first. */

import { type Capture, CaptureError, type Packet } from '../savefile/index.js';

/** A capture on its way, and its packet that is next. */
interface Input {
  readonly place: number;
  readonly packets: AsyncIterator<Packet[], void>;
  batch: readonly Packet[];
  at: number;
}

/**
 * The packets of several captures in order of time. Packets of one capture stay in its own order, as with mergecap: where
 * that is not the order of time, the result is not either. Of equal times the capture that stands last goes first, as with it, too.
 *
 * A packet's data is overwritten when the next packet is asked for.
 *
 * @param onError - Told of captures that are damaged, after all that is readable of them; the others go on. Without it
 *   the error is thrown.
 */
export async function* mergeCaptures(
  captures: readonly Capture[],
  onError?: (error: CaptureError, place: number) => void,
): AsyncGenerator<Packet, void, undefined> {
  const heap: Input[] = [];
  /** Whether there is a packet. Waits only where a batch is used up. */
  const load = async (input: Input): Promise<boolean> => {
    while (input.at >= input.batch.length) {
      try {
        const next = await input.packets.next();
        if (next.done === true) return false;
        input.batch = next.value;
        input.at = 0;
      } catch (error) {
        if (!(error instanceof CaptureError) || onError === undefined) throw error;
        onError(error, input.place);
        return false;
      }
    }
    return true;
  };
  for (const [place, capture] of captures.entries()) {
    const input: Input = { place, packets: capture.batches(), batch: [], at: 0 };
    if (await load(input)) push(heap, input);
  }
  for (let first = heap[0]; first !== undefined; first = heap[0]) {
    yield first.batch[first.at]!;
    first.at++;
    if (first.at < first.batch.length || (await load(first))) sink(heap);
    else {
      const last = heap.pop()!;
      if (heap.length > 0) {
        heap[0] = last;
        sink(heap);
      }
    }
  }
}

function isBefore(one: Input, other: Input): boolean {
  const [a, b] = [one.batch[one.at]!, other.batch[other.at]!];
  if (a.seconds !== b.seconds) return a.seconds < b.seconds;
  if (a.nanoseconds !== b.nanoseconds) return a.nanoseconds < b.nanoseconds;
  return one.place > other.place;
}

function push(heap: Input[], input: Input): void {
  let at = heap.push(input) - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (!isBefore(heap[at]!, heap[above]!)) return;
    [heap[at], heap[above]] = [heap[above]!, heap[at]!];
    at = above;
  }
}

/** Moves the first one down to where it belongs. */
function sink(heap: Input[]): void {
  for (let at = 0; ; ) {
    let least = at;
    for (const below of [2 * at + 1, 2 * at + 2])
      if (below < heap.length && isBefore(heap[below]!, heap[least]!)) least = below;
    if (least === at) return;
    [heap[at], heap[least]] = [heap[least]!, heap[at]!];
    at = least;
  }
}
