/** Parts of the page that are loaded when they are first shown. */

import { type ComponentType, h } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** A component that comes with a module of its own. */
export function lazily<Props extends object>(
  load: () => Promise<{ readonly default: ComponentType<Props> }>,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined;
  return function Lazy(props: Props) {
    const [Component, set] = useState<ComponentType<Props> | undefined>(() => loaded);
    const [problem, complain] = useState('');
    useEffect(() => {
      if (Component !== undefined) return;
      load().then(
        (module) => {
          loaded = module.default;
          set(() => module.default);
        },
        (error: unknown) => complain(String(error)),
      );
    }, [Component]);
    if (problem !== '') return <p class="notice">{problem}</p>;
    return Component === undefined ? <p class="quiet loading">…</p> : h(Component, props);
  };
}
