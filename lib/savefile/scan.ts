/**
 * The fast path: walks over the records at hand, asks a test about each packet, and gathers what is to
 * be kept in place, so that one write hands it on.
 *
 * No object, closure or view is made for a packet. What is kept moves towards the front of the window,
 * over records that were dropped, run by run of adjacent records:
 *
 *     before   | A  keep | B drop | C keep | D keep | E drop | F, not whole yet |
 *     after    | A  keep | C keep | D keep |  ...            | F                |
 *               keptStart                   keptEnd           start          end
 */

import type { Accelerator, RecordRun, RecordWalk, WalkState } from './accelerator.js';
import { type Container, FAILED, MORE, PACKET, PacketTime, SECTION, type Step } from './container.js';
import type { CaptureInterface, Packet } from './packet.js';
import type { Window } from './window.js';

/**
 * Decides about one packet: its captured bytes start at `bytes[start]`. The result is that of a BPF
 * program: 0 drops the packet, anything else keeps it whole.
 */
export type PacketTest = (
  bytes: Uint8Array,
  start: number,
  capturedLength: number,
  wireLength: number,
) => number;

/**
 * Makes the test for packets of one interface; called once for each, when its first packet comes. The test may ask
 * `time` when its packet came.
 */
export type Select = (source: CaptureInterface, time: PacketTime) => PacketTest;

/** A walk over fewer records than this was not worth its call; most records to step over before it is tried again. */
const FEW = 8;
const MOST_PATIENCE = 64;

/** A walk over one capture: what to look for, what was counted, what to hand on. */
export class Scan {
  packets = 0;
  matched = 0;
  /** Kept bytes of the last {@link scanWindow}, as indexes into the window. */
  keptStart = 0;
  keptEnd = 0;
  /** What `select`, a test or `onMatch` threw; the walk stops there as it does at damage. */
  failure: unknown;

  readonly select: Select | undefined;
  /** Stop after so many matches. */
  limit: number;
  /** Called for each match; the packet is a view of the window until the call returns. */
  readonly onMatch: ((packet: Packet) => void) | undefined;
  /** Whether kept bytes are handed on: else nothing need be gathered. */
  readonly gathers: boolean;
  /** Tests by interface index, made when needed. */
  readonly tests: PacketTest[] = [];
  /** One for all windows. */
  readonly state: WalkState = {
    start: 0,
    end: 0,
    base: 0,
    interfaces: 0,
    snapLength: 0,
    packets: 0,
    matched: 0,
    limit: 0,
    runStart: 0,
    keptStart: 0,
    keptEnd: 0,
  };
  private time: PacketTime | undefined;
  private accelerator: Accelerator | undefined;
  private lastRun: RecordRun | undefined;
  private lastWalk: RecordWalk | undefined;

  constructor(
    select: Select | undefined,
    limit: number | undefined,
    onMatch: ((packet: Packet) => void) | undefined,
    gathers: boolean,
  ) {
    this.select = select;
    this.limit = limit ?? Number.POSITIVE_INFINITY;
    this.onMatch = onMatch;
    this.gathers = gathers;
  }

  /** Goes faster from now on; the window must be in the accelerator's memory. */
  accelerate(accelerator: Accelerator): void {
    this.accelerator = accelerator;
    this.lastRun = undefined;
  }

  /** How to step over many records of a run at once, where that is possible. */
  walkFor(run: RecordRun | undefined): RecordWalk | undefined {
    if (run !== this.lastRun) {
      this.lastRun = run;
      const takes = this.onMatch !== undefined ? 'places' : this.gathers ? 'records' : 'counts';
      this.lastWalk = run && this.accelerator?.walkFor(run.layout, run.source, takes);
    }
    return this.lastWalk;
  }

  /** Where the last walk found records that match. */
  get places(): Uint32Array {
    return this.accelerator!.places();
  }

  /** The one time of all tests. */
  timeOf(window: Window, container: Container): PacketTime {
    this.time ??= new PacketTime(window, container);
    return this.time;
  }

  /** Whether packets may be missing from what is kept. */
  get drops(): boolean {
    return this.select !== undefined || this.limit !== Number.POSITIVE_INFINITY;
  }
}

/**
 * Walks over every whole record in the window.
 *
 * @param from - First byte to keep, where records before `window.start` are still to be handed on.
 * @returns MORE when more bytes are needed, FAILED at damage, PACKET when the limit is reached.
 */
export function scanWindow(window: Window, container: Container, scan: Scan, from = window.start): Step {
  const { bytes, view } = window;
  const { select, tests, onMatch, limit, drops, gathers } = scan;
  let { packets, matched } = scan;
  let runStart = from;
  scan.keptStart = from;
  scan.keptEnd = from;
  let step: Step = matched < limit ? MORE : PACKET;
  // Where walks do not get far, as over interfaces of two link types in turns, trying takes longer than stepping.
  let patience = 1;
  let waiting = 0;
  try {
    while (matched < limit) {
      const { run } = container;
      const walk = scan.walkFor(run);
      if (walk !== undefined && waiting-- <= 0) {
        const { state } = scan;
        state.start = window.start;
        state.end = window.end;
        state.base = window.base;
        state.interfaces = run!.interfaces;
        state.snapLength = run!.source.snapLength;
        state.packets = 0;
        state.matched = 0;
        state.limit = Math.min(limit - matched, onMatch === undefined ? limit : scan.places.length);
        state.runStart = runStart;
        state.keptStart = scan.keptStart;
        state.keptEnd = scan.keptEnd;
        walk(state);
        ({ start: window.start, runStart, keptStart: scan.keptStart, keptEnd: scan.keptEnd } = state);
        patience = state.packets < (walk.few ?? FEW) ? Math.min(2 * patience, MOST_PATIENCE) : 1;
        waiting = patience - 2;
        packets += state.packets;
        matched += state.matched;
        if (onMatch !== undefined) {
          deliver(window, container, scan.places.subarray(0, state.matched), onMatch);
          runStart = window.start;
        }
        if (matched >= limit) {
          step = PACKET;
          break;
        }
      }
      step = container.step(window);
      if (step === PACKET) {
        if (select !== undefined) {
          const index = window.interfaceIndex;
          const test =
            tests[index] ??
            (tests[index] = select(container.interfaces[index]!, scan.timeOf(window, container)));
          if (test(bytes, window.dataStart, window.dataEnd - window.dataStart, window.wireLength) === 0) {
            packets++;
            if (gathers && runStart < window.recordStart) keep(scan, bytes, runStart, window.recordStart);
            runStart = window.start;
            continue;
          }
        }
        if (onMatch !== undefined) onMatch(container.packet(window));
        packets++;
        matched++;
      } else if (step === SECTION) {
        if (drops) unsetSectionLength(view, window.recordStart);
      } else if (step === MORE || step === FAILED) {
        break;
      }
    }
  } catch (failure) {
    // Not ours: what was found before this packet is still to be handed on.
    scan.failure = failure;
    window.start = window.recordStart;
    step = FAILED;
  }
  if (gathers && runStart < window.start) keep(scan, bytes, runStart, window.start);
  scan.packets = packets;
  scan.matched = matched;
  return step;
}

/** Hands on the packets at the places that a walk has found. */
function deliver(
  window: Window,
  container: Container,
  places: Uint32Array,
  onMatch: (packet: Packet) => void,
): void {
  const { start } = window;
  try {
    for (const place of places) {
      window.start = place;
      container.step(window);
      onMatch(container.packet(window));
    }
  } finally {
    window.start = start;
  }
}

/** Appends a run to what is kept. */
function keep(scan: Scan, bytes: Uint8Array, start: number, end: number): void {
  if (scan.keptStart === scan.keptEnd) {
    scan.keptStart = start;
    scan.keptEnd = end;
    return;
  }
  if (scan.keptEnd !== start) bytes.copyWithin(scan.keptEnd, start, end);
  scan.keptEnd += end - start;
}

/**
 * Sets the length that the section header at `start` states to "not known" (-1, which needs no byte
 * order; pcapng §4.1): once packets may be missing, what it said is wrong.
 */
export function unsetSectionLength(view: DataView, start: number): void {
  view.setBigInt64(start + 16, -1n);
}
