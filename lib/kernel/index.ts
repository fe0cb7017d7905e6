/** The running kernel's eBPF: filters of sockets, test runs, programs at the network's devices. Needs Linux and koffi. */

export {
  type AttachedFilter,
  type AttachedObject,
  type Attachment,
  type AttachOptions,
  attachFilter,
  attachObject,
  type Counts,
  detach,
  listAttached,
  type NetworkHook,
  type NetworkLink,
  type XdpMode,
} from './attached.js';
export { KernelError, type KernelErrorCode } from './bpf.js';
export { type LoadedFilter, loadSocketFilter } from './socketFilter.js';
export { KERNEL_TEST } from './testRun.js';
