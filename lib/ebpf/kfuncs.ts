/**
 * Functions of the kernel that programs call by name, and no helpers: what they take and give. Calls in linked objects hold
 * the place in this list, from 1; kernels have ids of their own. Linux `net/netfilter/nf_conntrack_bpf.c`.
 */

import type { HelperSignature } from './signatures.js';

const lookup = (number: number, name: string, types: string): HelperSignature => ({
  number,
  name,
  types,
  arguments: ['context', 'inOutMemory', 'sizeOrZero', 'inOutMemory', 'sizeOrZero'],
  result: 'acquiredStructOrNull',
  struct: 'nf_conn',
  packet: true,
});

export const KFUNCS: readonly HelperSignature[] = [
  lookup(1, 'bpf_xdp_ct_lookup', 'X'),
  lookup(2, 'bpf_skb_ct_lookup', 'T'),
  {
    number: 3,
    name: 'bpf_ct_release',
    types: 'TX',
    arguments: ['releasedStruct'],
    result: 'void',
    struct: 'nf_conn',
  },
];

/** 0 for those that are not known here. */
export const kfuncNumber = (name: string): number =>
  KFUNCS.find((one) => one.name === name.replace(/___.*/, ''))?.number ?? 0;
