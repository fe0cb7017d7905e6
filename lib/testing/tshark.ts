/**
 * Test support: the installed tshark as an oracle for values of fields. Tests that need it skip with a message where it
 * is absent.
 */

import { spawnSync } from 'node:child_process';
import { listFields } from '../dissect/index.js';

/** Version of the installed tshark, as `4.0.17`; `undefined` where there is none. */
export function tsharkVersion(): string | undefined {
  const result = spawnSync('tshark', ['--version'], { encoding: 'utf8' });
  return /TShark \(Wireshark\) (\S+?)\.? /.exec(result.stdout ?? '')?.[1];
}

/** Names of all fields that tshark knows. */
export function tsharkFields(): ReadonlySet<string> {
  const { stdout } = spawnSync('tshark', ['-G', 'fields'], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return new Set(
    stdout
      .split('\n')
      .filter((line) => line.startsWith('F'))
      .map((line) => line.split('\t')[2]!),
  );
}

/** Names that both have and that mean another thing here: which protocols are known, and ways to write times. */
const OTHERWISE =
  /^(frame\.protocols|frame\.time|frame\.interface_name|data\..*|ntp\.(reftime|org|rec|xmt|root.*))$/;

/** Names of the fields whose values are to be equal. */
export function comparedFields(): string[] {
  const known = tsharkFields();
  return listFields()
    .map(({ name }) => name)
    .filter((name) => known.has(name) && !OTHERWISE.test(name));
}

/** Packets by themselves: nothing is put together from several, numbers are as on the wire. */
const ONE_BY_ONE = [
  'ip.defragment:FALSE',
  'ipv6.defragment:FALSE',
  'tcp.desegment_tcp_streams:FALSE',
  'tcp.relative_sequence_numbers:FALSE',
  'tcp.analyze_sequence_numbers:FALSE',
  'sctp.relative_tsns:FALSE',
].flatMap((preference) => ['-o', preference]);

/** Of each packet of a capture the values of fields, as tshark writes them. */
export function runTshark(path: string, names: readonly string[]): string[][] {
  const fields = names.flatMap((name) => ['-e', name]);
  const { stdout } = spawnSync('tshark', ['-n', ...ONE_BY_ONE, '-r', path, '-T', 'fields', ...fields], {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'GMT0' },
    maxBuffer: 1 << 28,
  });
  const lines = stdout.split('\n');
  lines.pop();
  return lines.map((line) => line.split('\t'));
}
