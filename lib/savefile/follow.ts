/** A scan of a capture while it is written. */

import { type Container, FAILED } from './container.js';
import type { Selection } from './reader.js';
import { MAGIC_LENGTH, openContainer } from './recognise.js';
import { Scan, scanWindow } from './scan.js';
import { Window } from './window.js';

/** Goes over a capture whose bytes are handed to it piece by piece. */
export class FollowingScan {
  private readonly window = new Window();
  private readonly scan: Scan;
  private readonly accelerator: Selection['accelerator'];
  private container: Container | undefined;

  constructor({ select, accelerator }: Selection) {
    this.scan = new Scan(select, undefined, undefined, false);
    this.accelerator = accelerator;
  }

  /**
   * Takes the bytes that come next.
   *
   * @returns Whether it goes on: behind damage it does not.
   * @throws CaptureError where the first bytes are no capture; what a test threw.
   */
  take(bytes: Uint8Array, start: number, end: number): boolean {
    const { window, scan } = this;
    for (let at = start; at < end; ) {
      window.makeRoom();
      at += window.append(bytes.subarray(at, end));
      if (window.end - window.start < MAGIC_LENGTH && this.container === undefined) continue;
      this.container ??= this.open();
      const step = scanWindow(window, this.container, scan);
      if (scan.failure !== undefined) throw scan.failure;
      if (step === FAILED) return false;
    }
    return true;
  }

  private open(): Container {
    const container = openContainer(this.window);
    if (this.accelerator !== undefined) {
      this.window.moveTo(this.accelerator.grow);
      this.scan.accelerate(this.accelerator);
    }
    return container;
  }
}
