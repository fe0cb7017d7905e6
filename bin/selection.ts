/** What runs the filters of a command, and how a scan of a capture asks them. */

import {
  type Accelerator,
  AUTO,
  type CaptureInterface,
  createAccelerator,
  type Filter,
  type Load,
  loadOnce,
  type PacketTest,
  type Scanning,
  scansInBatches,
} from '../lib/index.js';
import { compileExpression } from './expression.js';
import type { Options } from './options.js';
import { CommandError } from './report.js';

/** What runs filters: packet by packet, and, where it can, in the middle of a scan's loop. */
interface Loader extends Scanning {
  readonly load: Load;
}

/** The engine asked for. All but the usual one are loaded when they are needed: start-up time counts. */
export async function loaderFor({ engine = 'auto' }: Options): Promise<Loader> {
  if (engine === 'auto') return AUTO;
  const { engineOf } = await import('./engines.js');
  try {
    const { load, body } = engineOf(engine);
    return { load: loadOnce(load), ...(body === undefined ? {} : { body }) };
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(error.message);
    throw error;
  }
}

/** What a scan is called with: tests one by one, and many at once where that is faster. */
export interface Selection {
  readonly filterFor: (from: CaptureInterface) => Filter;
  readonly select: (from: CaptureInterface) => PacketTest;
  readonly accelerator?: Accelerator;
}

/**
 * Makes the tests for interfaces, compiling once for each link type. Without an expression every packet
 * passes, and nothing needs to be asked.
 */
export function selectionFor(source: string, options: Options, loader: Loader): Selection | undefined {
  if (source.trim() === '') return undefined;
  const byKind = new Map<string, Filter>();
  const filterFor = ({ linkType, snapLength, bigEndian }: CaptureInterface): Filter => {
    const kind = `${linkType} ${bigEndian}`;
    let filter = byKind.get(kind);
    if (filter === undefined) {
      const target = {
        linkType,
        snapLength: snapLength || 262144,
        mode: bigEndian === true ? ('savefile-swapped' as const) : ('savefile' as const),
      };
      filter = compileExpression(source, target, options, loader.load);
      byKind.set(kind, filter);
    }
    return filter;
  };
  const select = (from: CaptureInterface): PacketTest => filterFor(from).test;
  if (!scansInBatches(loader)) return { filterFor, select };
  return { filterFor, select, accelerator: createAccelerator((from) => loader.body?.(filterFor(from).cbpf)) };
}
