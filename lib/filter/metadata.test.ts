/** The idiom for the kernel's metadata in a live capture: programs are those that `tcpdump -i eth0 -d` prints. */

import test from 'ava';
import { disassemble } from '../cbpf/index.js';
import { compileProgram } from './index.js';

const program = (text: string, mode: 'linux-live' | 'dead'): string =>
  disassemble(compileProgram(text, { linkType: 'EN10MB', mode }));

test('constant offsets of metadata are absolute loads', (t) => {
  t.is(
    program('ether[-4048:1] = 1 and ip', 'linux-live'),
    [
      '(000) ldb      [vlanp]',
      '(001) jeq      #0x1             jt 2\tjf 5',
      '(002) ldh      [12]',
      '(003) jeq      #0x800           jt 4\tjf 5',
      '(004) ret      #262144',
      '(005) ret      #0',
    ].join('\n'),
  );
  t.regex(program('ether[-4096:2] = 0x0800', 'linux-live'), /^\(000\) ldh +\[proto\]\n/);
  t.regex(program('ether[4294963248] = 1', 'linux-live'), /^\(000\) ldb +\[vlanp\]\n/);
});

test('there is none of it in a file, and none behind other headers', (t) => {
  t.is(program('ether[-4048:1] = 1', 'dead'), '(000) ret      #0');
  t.is(program('ip[-4048] = 1', 'linux-live'), '(000) ret      #0');
});
