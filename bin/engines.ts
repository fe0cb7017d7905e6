/** All engines, a part of the command that most runs do without. */

import { defaultEngine, engineOf, KERNEL_TEST, LIFTED_ENGINES, loaderWithReserve } from '../lib/command.js';
import { ENGINES as CLASSIC_ENGINES } from '../lib/index.js';

export { defaultEngine, engineOf, loaderWithReserve };

export const ENGINES = [...CLASSIC_ENGINES, ...LIFTED_ENGINES, KERNEL_TEST];

/** What the kernel runs of live captures. */
export const LIVE_ENGINES = [
  { name: 'kernel-cbpf', description: 'live: classic BPF in the kernel, which is what live captures use' },
  { name: 'kernel-ebpf', description: 'live: lifted to eBPF, verified, in the kernel' },
] as const;
