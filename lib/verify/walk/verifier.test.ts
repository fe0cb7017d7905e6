/** Verdicts, and kinds of rejection, of the kernel's own verifier tests on Linux 6.18. */

import test from 'ava';
import { kindOfMessage } from '../../testing/kernelMessages.js';
import { Tally } from '../../testing/vectors.js';
import { isStrict, mapsOf, programOf, typeOf, verifierRows } from '../../testing/verifierVectors.js';
import type { VerifyOptions } from '../rules/options.js';
import { verify } from './verifier.js';

/**
 * Programs that this verifier refuses and the kernel admits: those that read the fields of a map, or use a map
 * in a map, neither of which exists here.
 */
const SHARE = { core: 1, maps: 0.96 } as const;

for (const scope of ['core', 'maps'] as const) {
  test(`${scope}: verdicts of the kernel`, (t) => {
    const tallies = {
      priv: new Tally(`verifier: ${scope}, privileged`),
      unpriv: new Tally(`verifier: ${scope}, unprivileged`),
    };
    const kinds = new Tally(`verifier: ${scope}, kind of rejection`);
    let falseAccepts = 0;
    for (const row of verifierRows(t, 300)) {
      if (row.scope !== scope) continue;
      const type = typeOf(row);
      const program = programOf(row);
      for (const mode of ['priv', 'unpriv'] as const) {
        const outcome = row.k618[mode];
        const expected =
          type !== undefined ? outcome?.verdict : mode === 'priv' ? row.k618.as_socket_filter : undefined;
        if ((expected !== 'accept' && expected !== 'reject') || program === undefined) {
          tallies[mode].leaveOut('not loaded');
          continue;
        }
        const options: VerifyOptions = {
          type: type ?? 'socket_filter',
          privileged: mode === 'priv',
          maps: mapsOf(row),
          strictAlignment: isStrict(row),
        };
        const { accepted, rejection } = verify(program, options);
        const agrees = accepted === (expected === 'accept');
        if (!agrees && accepted) falseAccepts++;
        const told = `${rejection?.kind ?? ''} ${rejection?.index ?? ''} ${rejection?.message ?? 'accepted'}`;
        tallies[mode].check(
          agrees,
          () =>
            `${accepted ? 'FALSE ACCEPT ' : ''}${row.id} ${row.descr}: ${told} | kernel: ${outcome?.msg ?? expected}`,
        );
        if (expected !== 'reject' || accepted) continue;
        const message = type === undefined ? undefined : outcome?.msg;
        const kind = message === undefined ? undefined : kindOfMessage(message);
        if (kind === undefined) kinds.leaveOut('without a message that tells');
        else
          kinds.check(rejection?.kind === kind, () => `${row.id} ${row.descr}: ${told} | kernel: ${message}`);
      }
    }
    tallies.priv.finish(t, SHARE[scope]);
    tallies.unpriv.finish(t, SHARE[scope]);
    kinds.finish(t, 0.9);
    t.is(falseAccepts, 0, 'no program that the kernel refuses is accepted');
  });
}
