/** The flow graph of the program, as it is generated and after each pass of the optimizer that changes it. */

import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Program } from '../../../lib/cbpf.js';
import {
  type Box,
  type FlowGraph,
  type FlowNode,
  flowGraph,
  type Layout,
  layOut,
  type Way,
} from '../../../lib/see.js';
import { hueOf, passesOf, touches } from '../compiled.js';
import { counted, lit, settled } from '../state.js';

/** The smallest scale at which a picture is fitted in: what is larger is scrolled. */
const LEAST = 0.55;
/** Longer programs are no picture. */
const MOST = 2000;

export default function Graph() {
  const passes = useComputed(() => (settled.value === undefined ? [] : passesOf(settled.value)));
  /** Steps before the last pass; so the last one stays chosen while somebody types. */
  const back = useSignal(0);
  const whole = useSignal(true);
  const last = passes.value.length - 1;
  const at = Math.max(0, last - back.value);
  const pass = passes.value[at];
  const drawing = useComputed((): Drawing | undefined => {
    const now = settled.value;
    const { program } = passes.value[Math.max(0, passes.value.length - 1 - back.value)] ?? {};
    if (program === undefined || now === undefined || program.length > MOST) return undefined;
    const counts = counted.value?.compiled === now && back.value === 0 ? counted.value.counts : undefined;
    const graph = flowGraph(program, now.expression, counts);
    return { graph, layout: layOut(graph), program };
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
          {pass?.program.length ?? 0} instructions, {drawing.value?.graph.nodes.length ?? 0} blocks
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
            : `More than ${MOST} instructions are no picture.`}
        </p>
      ) : (
        <Picture drawing={drawing.value} whole={whole.value} />
      )}
    </>
  );
}

interface Drawing {
  readonly graph: FlowGraph;
  readonly layout: Layout;
  readonly program: Program;
}

function Picture({ drawing, whole }: { readonly drawing: Drawing; readonly whole: boolean }) {
  const { graph, layout, program } = drawing;
  const { width, height, boxes, ways } = layout;
  const place = useRef<HTMLElement>(null);
  const size = whole ? { style: { minWidth: width * LEAST, minHeight: height * LEAST } } : { width, height };
  useEffect(() => {
    // The start in the middle, where not all is in sight.
    const element = place.current!;
    element.scrollTop = 0;
    element.scrollLeft = ((boxes[0]?.x ?? 0) / width) * element.scrollWidth - element.clientWidth / 2;
  }, [layout, whole]);
  const most = Math.max(1, ...graph.nodes.map(({ ran = 0 }) => ran));
  return (
    <section
      ref={place}
      class={`picture${whole ? ' whole' : ''}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: who scrolls by keyboard has to get there
      tabIndex={0}
      aria-label="Flow graph"
    >
      <svg
        viewBox={`0 0 ${width} ${height}`}
        {...size}
        role="img"
        aria-label={`${graph.nodes.length} blocks, ${graph.edges.length} ways`}
      >
        {ways.map((way, at) => (
          <Line key={at} way={way} />
        ))}
        {boxes.map((box, at) =>
          box.kind === 'bend' ? null : box.node === undefined ? (
            <Leaf key={at} box={box} />
          ) : (
            <Block key={at} box={box} node={box.node} program={program} most={most} />
          ),
        )}
      </svg>
    </section>
  );
}

/** Where a way leaves its box: tests to the left where they held, else to the right. */
const exitOf = ({ boxes: [from], edge }: Way): number =>
  from!.x + (edge.kind === 'next' ? 0 : (edge.kind === 'yes' ? -1 : 1) * Math.min(from!.width / 4, 34));

function Line({ way }: { readonly way: Way }) {
  const { edge, boxes } = way;
  const [from] = boxes;
  const start = exitOf(way);
  let [x, y] = [start, from!.y + from!.height];
  let path = `M${x} ${y}`;
  for (const box of boxes.slice(1)) {
    const middle = (y + box.y) / 2;
    path += `C${x} ${middle} ${box.x} ${middle} ${box.x} ${box.y}`;
    [x, y] = [box.x, box.y];
    if (box.kind === 'bend') path += `V${(y += box.height)}`;
  }
  // Above a line that goes far to the side.
  const [aside, below] = Math.abs(boxes[1]!.x - start) > 40 ? [11, 10] : [6, 13];
  const label = edge.ran === undefined ? '' : edge.ran.toLocaleString('en');
  return (
    <>
      <path class={`way ${edge.kind}`} d={path} />
      <path class={`arrow ${edge.kind}`} d={`M${x} ${y}l-4 -7h8z`} />
      {label !== '' && (
        <text
          class="count"
          x={start + (edge.kind === 'yes' ? -aside : aside)}
          y={from!.y + from!.height + below}
          text-anchor={edge.kind === 'yes' ? 'end' : 'start'}
        >
          {label}
        </text>
      )}
    </>
  );
}

function Leaf({ box: { x, y, width, height, text, kind } }: { readonly box: Box }) {
  return (
    <g class={`leaf ${kind}`}>
      <rect x={x - width / 2} y={y} width={width} height={height} rx="9" />
      <text x={x} y={y + 15} text-anchor="middle">
        {text}
      </text>
    </g>
  );
}

interface BlockProps {
  readonly box: Box;
  readonly node: FlowNode;
  readonly program: Program;
  /** How often the block ran that ran most. */
  readonly most: number;
}

function Block({ box: { x, y, width, height, text }, node, program, most }: BlockProps) {
  const left = x - width / 2;
  const words = settled.value?.words ?? [];
  // What runs a hundredth as often as the rest is still seen.
  const heat = node.ran === undefined || node.ran === 0 ? 0 : (node.ran / most) ** 0.4;
  return (
    <g class="block">
      {node.ran !== undefined && <title>{`${node.ran.toLocaleString('en')} times`}</title>}
      <rect x={left} y={y} width={width} height={height} rx="5" />
      {heat > 0 && (
        <rect class="heat" x={left} y={y} width={width} height={height} rx="5" opacity={0.1 + 0.3 * heat} />
      )}
      <text class="head" x={left + 10} y={y + 15}>
        <tspan class="number">{node.start}</tspan> {text}
      </text>
      {node.lines.map((line, row) => {
        const span = program[node.start + row]?.span;
        const hue = hueOf(words, span);
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the listing says the same to keys
          <g
            key={line + row}
            class={`row ${hue === undefined ? '' : `hue-${hue}`}${touches(lit.value, span) ? ' lit' : ''}`}
            transform={`translate(${left} ${y + 15 * (row + 1) + 4})`}
            onMouseEnter={() => {
              lit.value = span;
            }}
            onMouseLeave={() => {
              lit.value = undefined;
            }}
          >
            <rect class="back" x="1" width={width - 2} height="15" />
            {hue !== undefined && <rect class="tick" x="0" y="1" width="3" height="13" />}
            <text x="10" y="11">
              {line}
            </text>
          </g>
        );
      })}
    </g>
  );
}
