import type { Options } from './options.js';
import { CommandError } from './report.js';
export async function printInterfaces(): Promise<void> {}
export async function captureLive(_options: Options): Promise<void> {
  throw new CommandError('live capture');
}
