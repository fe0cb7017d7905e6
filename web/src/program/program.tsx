/** The program in two views side by side. */

import { VIEWS, type ViewName } from '../address.js';
import { lazily } from '../lazy.js';
import { settled, shown, views } from '../state.js';
import { Tabs } from '../tabs.js';
import { Listing } from './listing.js';
import { Tree } from './tree.js';

const Graph = lazily(() => import('./graph.js'));
const Extended = lazily(() => import('./extended.js'));
const WebAssemblyText = lazily(() => import('./wasm.js'));

const TITLES: Readonly<Record<ViewName, string>> = {
  cbpf: 'Classic BPF',
  graph: 'Flow graph',
  tree: 'Tree',
  ebpf: 'eBPF',
  wasm: 'WebAssembly',
};

export function ProgramPart() {
  return (
    <div class="panes">
      <Pane side={0} label="Left view" />
      <Pane side={1} label="Right view" />
    </div>
  );
}

function Pane({ side, label }: { readonly side: 0 | 1; readonly label: string }) {
  const view = views.value[side];
  const choose = (name: ViewName): void => {
    const [left, right] = views.value;
    views.value = side === 0 ? [name, right] : [left, name];
  };
  return (
    <section class="pane" aria-label={label}>
      <Tabs
        label={label}
        id={`view-${side}`}
        look="views"
        tabs={VIEWS.map((name) => ({ name, title: TITLES[name] }))}
        chosen={view}
        onChoose={choose}
      />
      <div
        class="pane-body"
        role="tabpanel"
        id={`view-${side}-panel`}
        aria-labelledby={`view-${side}-${view}`}
      >
        <View name={view} />
      </div>
    </section>
  );
}

/** Longer programs are shown when nobody has typed for a moment. */
const SHORT = 400;

function View({ name }: { readonly name: ViewName }) {
  const isLong = (shown.value?.program?.length ?? 0) > SHORT;
  const compiled = isLong ? settled.value : shown.value;
  if (compiled === undefined) return <p class="quiet">Nothing compiles yet.</p>;
  switch (name) {
    case 'cbpf':
      return <Listing compiled={compiled} />;
    case 'tree':
      return <Tree compiled={compiled} />;
    case 'graph':
      return <Graph />;
    case 'ebpf':
      return <Extended />;
    case 'wasm':
      return <WebAssemblyText />;
  }
}
