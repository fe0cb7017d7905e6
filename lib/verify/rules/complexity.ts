/**
 * Where a walk spent its budget: which instructions were looked at most, and which registers and stack
 * slots kept states apart where paths meet.
 */

import { type Place, placeName } from '../state/history.js';

export interface Complexity {
  /** The instructions looked at most often, most first. */
  readonly hottest: readonly { readonly index: number; readonly times: number }[];
  /**
   * What made states differ where paths meet, most first: at slot `index`, the register (`r8`) or stack
   * slot (`fp-16`) was the first in which an explored state did not stand for another, so often.
   */
  readonly apart: readonly { readonly index: number; readonly place: string; readonly times: number }[];
}

const ROWS = 10;

export class Counts {
  private readonly visits: number[] = [];
  private readonly differences = new Map<number, number[]>();

  visit(index: number): void {
    while (this.visits.length <= index) this.visits.push(0);
    this.visits[index] = this.visits[index]! + 1;
  }

  keptApart(index: number, place: Place): void {
    let times = this.differences.get(index);
    if (times === undefined) {
      times = [];
      this.differences.set(index, times);
    }
    times[place] = (times[place] ?? 0) + 1;
  }

  report(): Complexity {
    const most = <Row extends { readonly times: number }>(rows: Row[]): readonly Row[] =>
      rows
        .filter(({ times }) => times > 0)
        .sort((a, b) => b.times - a.times)
        .slice(0, ROWS);
    const apart = [...this.differences].flatMap(([index, places]) =>
      Object.entries(places).map(([place, times]) => ({ index, place: placeName(Number(place)), times })),
    );
    return { hottest: most(this.visits.map((times, index) => ({ index, times }))), apart: most(apart) };
  }
}
