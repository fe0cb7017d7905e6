/** What runs the filters of a command, and how a scan of a capture asks them. */

import {
  type Accelerator,
  type CaptureInterface,
  createAccelerator,
  type Filter,
  type Load,
  loadAuto,
  loadOnce,
  type PacketTest,
  scansInBatches,
} from '../lib/index.js';
import { compileExpression } from './expression.js';
import type { Options } from './options.js';
import { CommandError } from './report.js';

/** The engine asked for. All but the usual one are loaded when they are needed: start-up time counts. */
export async function loadFor({ engine = 'auto' }: Options): Promise<Load> {
  if (engine === 'auto') return loadAuto;
  const { engineOf } = await import('./engines.js');
  try {
    return loadOnce(engineOf(engine).load);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(error.message);
    throw error;
  }
}

/** What a scan is called with: tests one by one, and many at once where that is faster. */
export interface Selection {
  readonly select: (from: CaptureInterface) => PacketTest;
  readonly accelerator?: Accelerator;
}

/**
 * Makes the tests for interfaces, compiling once for each link type. Without an expression every packet
 * passes, and nothing needs to be asked.
 */
export function selectionFor(source: string, options: Options, load: Load): Selection | undefined {
  if (source.trim() === '') return undefined;
  const byLinkType = new Map<number, Filter>();
  const filterFor = ({ linkType, snapLength, bigEndian }: CaptureInterface): Filter => {
    let filter = byLinkType.get(linkType);
    if (filter === undefined) {
      const target = {
        linkType,
        snapLength: snapLength || 262144,
        mode: bigEndian === true ? ('savefile-swapped' as const) : ('savefile' as const),
      };
      filter = compileExpression(source, target, options, load);
      byLinkType.set(linkType, filter);
    }
    return filter;
  };
  const select = (from: CaptureInterface): PacketTest => filterFor(from).test;
  if (!scansInBatches(options.engine)) return { select };
  return { select, accelerator: createAccelerator((from) => filterFor(from).cbpf) };
}
