/** Programs to begin with. */

import type { LabType } from './protocol.js';

export interface Sample {
  readonly title: string;
  readonly type: LabType;
  readonly text: string;
}

export const SAMPLES: readonly Sample[] = [
  {
    title: 'one byte too far',
    type: 'xdp',
    text: `r0 = 2
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r4 = r2
r4 += 14
if r4 > r3 goto pc+4
r5 = *(u8 *)(r2 +14)
if r5 != 69 goto pc+2
r0 = 1
goto pc+0
exit
`,
  },
  {
    title: 'IPv4 is dropped',
    type: 'xdp',
    text: `r0 = 2
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r4 = r2
r4 += 14
if r4 > r3 goto pc+3
r5 = *(u16 *)(r2 +12)
if r5 != 8 goto pc+1
r0 = 1
exit
`,
  },
  {
    title: 'a loop that ends',
    type: 'socket_filter',
    text: `r0 = 0
r1 = 0
r1 += 1
r0 += r1
if r1 < 10 goto pc-3
exit
`,
  },
  {
    title: 'a stack that was not written',
    type: 'socket_filter',
    text: `*(u32 *)(r10 -8) = 7
r0 = *(u64 *)(r10 -8)
exit
`,
  },
];
