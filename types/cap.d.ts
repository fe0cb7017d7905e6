/** Types for cap 0.2.1, which has none of its own: what this project uses of it. */

declare module 'cap' {
  import type { EventEmitter } from 'node:events';

  export class Cap extends EventEmitter {
    /** Starts to capture into `buffer`, which must be kept referenced. Gives the link type's name. */
    open(device: string, filter: string, bufferSize: number, buffer: Buffer): string;
    close(): void;
    /** Windows only. */
    setMinBytes?(count: number): void;
    on(event: 'packet', listener: (length: number, truncated: boolean) => void): this;
  }

  const cap: { readonly Cap: typeof Cap };
  export default cap;
}
