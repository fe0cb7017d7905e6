#!/usr/bin/env node

/**
 * A plugin for the public conformance suite (github.com/Alan-Jowett/bpf_conformance): the program comes as
 * hex on standard input, memory for r1 as hex in the argument; r0 goes to standard output in hex.
 *
 *     bpf_conformance_runner --test_file_directory tests --plugin_path dist/bin/bpf-conformance-plugin.js
 *
 * Options other than `--definition`, which runs the slow machine, are ignored: runners pass some along.
 */

import { readFileSync } from 'node:fs';
import { ebpf } from '../lib/command.js';

const BUDGET = 100_000_000;

function bytesOf(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '');
  if (!/^([0-9a-fA-F]{2})*$/.test(digits)) throw new RangeError(`no bytes in hex: '${text.slice(0, 40)}'`);
  return Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

/** r0 after the program has run. @throws EbpfProgramError, RuntimeFault */
function run(program: ebpf.Program, mem: Uint8Array, definition: boolean): bigint {
  const helpers = ebpf.CONFORMANCE_HELPERS;
  ebpf.assertValid(program, { helpers });
  const memory = new ebpf.Memory();
  const { base } = memory.add('memory', mem, { writable: true });
  const environment = { memory, helpers, budget: BUDGET };
  const address = mem.length === 0 ? 0 : base;
  if (definition) return ebpf.execute(program, environment, [BigInt(address), BigInt(mem.length)]).result;
  const executable = ebpf.loadProgram(program, environment);
  executable.run(address, mem.length);
  return (BigInt(executable.high[0]! >>> 0) << 32n) | BigInt(executable.low[0]! >>> 0);
}

try {
  const words = process.argv.slice(2);
  const mem = bytesOf(words.filter((word) => !word.startsWith('--')).join(''));
  const program = ebpf.fromBytes(bytesOf(readFileSync(0, 'utf8')));
  process.stdout.write(`${run(program, mem, words.includes('--definition')).toString(16)}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
