/** The flow graph of the program, as it is generated and after each pass of the optimizer that changes it. */

import { useComputed, useSignal } from '@preact/signals';
import { passesOf, touches } from '../compiled.js';
import { lit, settled } from '../state.js';
import { type Drawing, draw, type Edge, type Node } from './layout.js';

/** More blocks than this are no picture. */
const MOST_BLOCKS = 400;

export default function Graph() {
  const passes = useComputed(() => (settled.value === undefined ? [] : passesOf(settled.value)));
  /** Steps before the last pass; so the last one stays chosen while somebody types. */
  const back = useSignal(0);
  const whole = useSignal(true);
  const last = passes.value.length - 1;
  const at = Math.max(0, last - back.value);
  const pass = passes.value[at];
  const drawing = useComputed(() => {
    const of = passes.value[Math.max(0, passes.value.length - 1 - back.value)];
    return of === undefined || settled.value === undefined
      ? undefined
      : draw(of.program, settled.value, MOST_BLOCKS);
  });
  return (
    <>
      <div class="pane-tools">
        <button
          type="button"
          class="small"
          aria-label="Pass before"
          disabled={at === 0}
          onClick={() => {
            back.value = Math.min(last, last - at + 1);
          }}
        >
          ←
        </button>
        <label class="passes">
          <span class="sr">Pass of the optimizer</span>
          <select
            value={String(at)}
            onChange={({ currentTarget }) => {
              back.value = last - Number(currentTarget.value);
            }}
          >
            {passes.value.map(({ name, program }, index) => (
              <option key={`${index}-${name}`} value={String(index)}>
                {index === 0 ? 'as generated' : index === last ? 'at the end' : `${index}. after ${name}`} ·{' '}
                {program.length}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          class="small"
          aria-label="Pass after"
          disabled={at >= last}
          onClick={() => {
            back.value = Math.max(0, last - at - 1);
          }}
        >
          →
        </button>
        <span class="quiet">
          {pass?.program.length ?? 0} instructions, {drawing.value?.nodes.length ?? 0} blocks
        </span>
        <button
          type="button"
          class="small push"
          aria-pressed={whole.value}
          onClick={() => {
            whole.value = !whole.value;
          }}
        >
          Fit
        </button>
      </div>
      {drawing.value === undefined ? (
        <p class="notice">
          {passes.value.length === 0
            ? 'Nothing to draw yet.'
            : `More than ${MOST_BLOCKS} blocks are no picture.`}
        </p>
      ) : (
        <Picture drawing={drawing.value} whole={whole.value} />
      )}
    </>
  );
}

function Picture({ drawing, whole }: { readonly drawing: Drawing; readonly whole: boolean }) {
  const { width, height, nodes, edges } = drawing;
  const size = whole ? {} : { width, height };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: who scrolls by keyboard has to get there
    <section class={`picture${whole ? ' whole' : ''}`} tabIndex={0} aria-label="Flow graph">
      <svg viewBox={`0 0 ${width} ${height}`} {...size} role="img" aria-label={describeGraph(drawing)}>
        <defs>
          {['yes', 'no', 'on'].map((kind) => (
            <marker
              key={kind}
              id={`arrow-${kind}`}
              class={`arrow ${kind}`}
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto-start-reverse"
            >
              <path d="M0 0.6 L8 4 L0 7.4 z" />
            </marker>
          ))}
        </defs>
        {edges.map((edge) => (
          <Way key={edge.key} edge={edge} />
        ))}
        {nodes.map((node) => (
          <Box key={node.block} node={node} />
        ))}
      </svg>
    </section>
  );
}

const describeGraph = ({ nodes, edges }: Drawing): string => `${nodes.length} blocks, ${edges.length} ways`;

function Way({ edge: { path, kind } }: { readonly edge: Edge }) {
  return <path class={`way ${kind}`} d={path} marker-end={`url(#arrow-${kind})`} />;
}

function Box({ node }: { readonly node: Node }) {
  const { x, y, width, height, lines, end } = node;
  return (
    <g class={`block ${end}`} transform={`translate(${x} ${y})`}>
      <rect width={width} height={height} rx="7" />
      {lines.map(({ at, text, words, hue, span }, row) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the listing says the same to keys
        <g
          key={at}
          class={`row ${hue === undefined ? '' : `hue-${hue}`}${touches(lit.value, span) ? ' lit' : ''}`}
          transform={`translate(0 ${8 + row * 18})`}
          onMouseEnter={() => {
            lit.value = span;
          }}
          onMouseLeave={() => {
            lit.value = undefined;
          }}
        >
          <rect class="back" x="1" width={width - 2} height="18" />
          {hue !== undefined && <rect class="tick" x="0" y="2" width="3" height="14" />}
          <text class="number" x="12" y="13">
            {at}
          </text>
          <text class="code" x="38" y="13">
            {text}
          </text>
          {words !== '' && (
            <text class="of" x={width - 10} y="13" text-anchor="end">
              {words}
            </text>
          )}
        </g>
      ))}
    </g>
  );
}
