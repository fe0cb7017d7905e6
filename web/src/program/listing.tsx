/** The classic program as `tcpdump -d` prints it, with the words that each instruction comes from. */

import { disassemble } from '../../../lib/compile.js';
import { type Compiled, hueOf } from '../compiled.js';
import { type Line, Lines } from './lines.js';

export function Listing({ compiled }: { readonly compiled: Compiled }) {
  const lines = linesOf(compiled);
  return <Lines label="Classic BPF" lines={lines} />;
}

/** A line of the listing in columns: number, operation, operand, where it goes. */
const LINE = /^\((\d+)\) (\S+)\s*([^\t]*?)\s*(?:jt (\d+)\tjf (\d+))?$/;

export function linesOf({ program = [], words, expression }: Compiled): Line[] {
  const text = disassemble(program).split('\n');
  return program.map(({ span }, at) => {
    const [, , operation = '', operand = '', yes, no] = LINE.exec(text[at]!) ?? [];
    const of = span === undefined ? '' : expression.slice(span.start, span.end);
    return {
      key: at,
      span,
      hue: hueOf(words, span),
      look: operation === 'ret' ? 'is-return' : '',
      content: (
        <>
          <span class="at">{at}</span>
          <span class="operation">{operation}</span>
          <span class="operand">{operand}</span>
          <span class="jumps">
            {yes !== undefined && (
              <>
                <span class="yes" title="if so">
                  {yes}
                </span>{' '}
                <span class="no" title="if not">
                  {no}
                </span>
              </>
            )}
          </span>
          <span class="of">{of}</span>
        </>
      ),
    };
  });
}
