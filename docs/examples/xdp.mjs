/**
 * Lifts an expression to an XDP program, verifies it, and runs it over a capture: what matches is dropped (1), the rest
 * goes on (2). Prints the program as bpftool does.
 *
 *     $ node docs/examples/xdp.mjs captures/http.pcap 'tcp dst port 80'
 */
import { compileProgram } from 'weir-bpf/compile';
import { disassemble, lift, load } from 'weir-bpf/ebpf';
import { openCapture } from 'weir-bpf/node';

const [, , path, expression] = process.argv;
const program = lift(compileProgram(expression), { form: 'xdp', accept: 1, reject: 2 });
console.log(disassemble(program));
const run = load(program, { type: 'xdp' });
const actions = {};
for await (const { data } of await openCapture(path)) {
  const action = run(data, 0, data.length, data.length);
  actions[action] = (actions[action] ?? 0) + 1;
}
console.log(actions);
