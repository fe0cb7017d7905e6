/** Test support: properties on random input, whose failures can be had again. */

import type { ExecutionContext } from 'ava';
import fc from 'fast-check';

/**
 * As `fc.assert`, and logs seed, path and counterexample with the test. An assertion of the test that fails within a
 * property is all that is reported of it otherwise.
 */
export function assertProperty<Input>(
  t: ExecutionContext,
  property: fc.IAsyncProperty<Input>,
  parameters?: fc.Parameters<Input>,
): Promise<void>;
export function assertProperty<Input>(
  t: ExecutionContext,
  property: fc.IProperty<Input>,
  parameters?: fc.Parameters<Input>,
): void;
export function assertProperty<Input>(
  t: ExecutionContext,
  property: fc.IRawProperty<Input>,
  parameters: fc.Parameters<Input> = {},
): Promise<void> | void {
  const tell = (details: fc.RunDetails<Input>): void => {
    if (!details.failed) {
      t.pass();
      return;
    }
    const message = fc.defaultReportMessage(details) ?? 'the property does not hold';
    t.log(message);
    throw new Error(message.split('\n')[0]);
  };
  const details = fc.check(property, parameters) as fc.RunDetails<Input> | Promise<fc.RunDetails<Input>>;
  return details instanceof Promise ? details.then(tell) : tell(details);
}
