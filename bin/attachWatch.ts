/** What a program at a device does, told until it is taken away. */

import type { Attachment } from '../lib/command.js';
import { writeMessage } from './standard.js';

const SECOND_MS = 1000;
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What is said of a program while it is attached, and of what it did. */
export interface Telling {
  readonly where: string;
  readonly eachSecond: () => string;
  readonly atEnd: () => string;
}

/** Waits for a signal, the time, or somebody who takes the program away; counts are shown meanwhile. */
export async function watch(
  attached: Attachment,
  telling: Telling,
  limit: number | undefined,
): Promise<void> {
  writeMessage(`weir: attached ${telling.where}\n`);
  let stop = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  let isGone = false;
  const tick = setInterval(() => {
    if (process.stderr.isTTY) writeMessage(`\r${telling.eachSecond()}   `);
    isGone = !attached.isAttached();
    if (isGone) stop();
  }, SECOND_MS);
  const timer = limit === undefined ? undefined : setTimeout(stop, limit);
  try {
    await stopped;
    if (process.stderr.isTTY) writeMessage('\r');
    if (isGone) writeMessage('weir: somebody else has detached it, or the device is gone\n');
    writeMessage(telling.atEnd());
  } finally {
    clearInterval(tick);
    clearTimeout(timer);
    for (const signal of STOP_SIGNALS) process.off(signal, stop);
    attached.close();
  }
}
