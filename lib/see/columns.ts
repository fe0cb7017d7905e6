/** Columns of a flow graph that is much higher than wide: a chain of three hundred tests is read like a page of a paper. */

/** Layers of a graph. */
export interface Layers {
  /** What each is high and wide, about. */
  readonly heights: readonly number[];
  readonly widest: number;
  /** Of the way between each and the next, how many lines. */
  readonly crossed: Int32Array;
}

/** Pixels up to which a picture has one column. */
const LOW = 2400;
/** Lines that may be cut between two columns. */
const MOST_CUT = 6;

/** The column of each layer: as many as make the picture about square, cut where few lines are. */
export function columnsOf({ heights, widest, crossed }: Layers): readonly number[] {
  const whole = heights.reduce((sum, height) => sum + height, 0);
  const wanted = whole < LOW ? 1 : Math.round(Math.sqrt(whole / widest));
  const column: number[] = [];
  let [now, reached] = [0, 0];
  for (const [layer, height] of heights.entries()) {
    column.push(now);
    reached += height;
    const due = ((now + 1) * whole) / wanted;
    if (now + 1 === wanted || reached < due - whole / wanted / 5) continue;
    // A little before where the next column is due, or behind, the first place with few lines.
    const most = reached < due ? 1 : MOST_CUT;
    if (crossed[layer]! <= most) now++;
  }
  return column;
}
