/** Flow graphs as pictures that need nothing else: one SVG, light and dark. */

import type { FlowGraph } from './flow.js';
import { CHARACTER, LINE, layOut } from './layout.js';
import { heatOf, labelOf, shortened } from './look.js';
import type { Box, Way } from './place.js';

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
const round = (value: number): string => `${Math.round(value * 10) / 10}`;

const STYLE = `text{font:11px ui-monospace,Menlo,Consolas,monospace;fill:#1f2328}
.t{font-size:13px;font-weight:600}.w{font-weight:700;fill:#0550ae}.n{fill:#6e7781}
rect{stroke:#8c959f;fill:var(--l,#f6f8fa)}path{fill:none;stroke:#57606a;stroke-width:1.3}
.yes{stroke:#1a7f37}.no{stroke:#cf222e;stroke-dasharray:5 2}.yes.m{fill:#1a7f37}.no.m{fill:#cf222e}.next.m{fill:#57606a}
.accept{fill:#dafbe1;stroke:#1a7f37}.reject{fill:#ffebe9;stroke:#cf222e}.jump,.result{fill:#ddf4ff;stroke:#0969da}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.w{fill:#79c0ff}.n{fill:#8b949e}rect{stroke:#6e7681;fill:var(--d,#22272e)}
path{stroke:#8b949e}.yes{stroke:#3fb950}.no{stroke:#f85149}.yes.m{fill:#3fb950}.no.m{fill:#f85149}
.accept{fill:#12351f}.reject{fill:#3c1618}.jump,.result{fill:#0c2d4e}}`;

/**
 * The picture of a flow graph: a box for each block with the words it came from and its instructions, ways whose test
 * held in green and others in broken red, with how often they were gone where that was counted.
 */
export function toSvg(graph: FlowGraph, title = ''): string {
  const { boxes, ways, width, height } = layOut(graph);
  const heat = heatOf(graph);
  const head = title === '' ? 0 : LINE + 12;
  const wide = Math.max(width, title.length * 8 + 32);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(wide)} ${round(height + head)}" width="${round(wide)}" height="${round(height + head)}" role="img">`,
    `<title>${escaped(title === '' ? 'flow graph' : title)}</title><style>${STYLE}</style>`,
  ];
  if (head > 0) parts.push(`<text class="t" x="16" y="22">${escaped(title)}</text>`);
  parts.push(`<g transform="translate(0 ${head})">`);
  for (const way of ways) parts.push(wayText(way));
  for (const box of boxes) {
    if (box.kind === 'bend') continue;
    const { light, dark } = box.node === undefined ? { light: '', dark: '' } : heat(box.node);
    parts.push(boxText(box, light === '' ? '' : ` style="--l:${light};--d:${dark}"`));
  }
  for (const way of ways) parts.push(labelText(way));
  parts.push('</g></svg>\n');
  return parts.filter((part) => part !== '').join('\n');
}

function boxText(box: Box, style: string): string {
  const { x, y, width, height, node, text, kind } = box;
  const left = x - width / 2;
  const rect = `<rect x="${round(left)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${node === undefined ? 9 : 4}"`;
  if (node === undefined)
    return `${rect} class="${kind}"/><text x="${round(x)}" y="${round(y + LINE)}" text-anchor="middle">${escaped(text)}</text>`;
  const at = round(left + 10);
  const number = `<tspan class="n">${node.start}</tspan>`;
  const lines = node.lines.map(
    (line, index) =>
      `<text x="${at}" y="${round(y + (index + 2) * LINE)}">${escaped(shortened(line))}</text>`,
  );
  const tip = node.ran === undefined ? '' : `<title>${node.ran} times</title>`;
  return `<g>${tip}${rect}${style}/><text x="${at}" y="${round(y + LINE)}">${number} <tspan class="w">${escaped(text)}</tspan></text>${lines.join('')}</g>`;
}

/** Where a way leaves its box: tests to the left where they held, else to the right. */
const exitOf = ({ boxes: [from], edge }: Way): number =>
  from!.x + (edge.kind === 'next' ? 0 : (edge.kind === 'yes' ? -1 : 1) * Math.min(from!.width / 4, 34));

function wayText(way: Way): string {
  const { edge, boxes } = way;
  const [from] = boxes;
  let [x, y] = [exitOf(way), from!.y + from!.height];
  let path = `M${round(x)} ${round(y)}`;
  for (const box of boxes.slice(1)) {
    const middle = (y + box.y) / 2;
    path += `C${round(x)} ${round(middle)} ${round(box.x)} ${round(middle)} ${round(box.x)} ${round(box.y)}`;
    if (box.kind === 'bend') path += `V${round(box.y + box.height)}`;
    [x, y] = [box.x, box.kind === 'bend' ? box.y + box.height : box.y];
  }
  const head = `M${round(x)} ${round(y)}l-3.5 -7h7z`;
  return `<path class="${edge.kind}" d="${path}"/><path class="${edge.kind} m" d="${head}"/>`;
}

function labelText(way: Way): string {
  const { edge, boxes } = way;
  const said = labelOf(edge);
  if (said === '') return '';
  const [from, to] = boxes;
  const exit = exitOf(way);
  // Above a line that goes far to the side.
  const [aside, below] = Math.abs(to!.x - exit) > 40 ? [10, 10] : [4, 12];
  const side = edge.kind === 'yes' ? -said.length * CHARACTER - aside : aside;
  return `<text class="n" x="${round(exit + side)}" y="${round(from!.y + from!.height + below)}">${said}</text>`;
}
