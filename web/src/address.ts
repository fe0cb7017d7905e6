/** The state of the page as its address holds it: who sends the address sends what is seen. */

import { MODES, type Mode } from './compiled.js';

export const PARTS = ['program', 'packets', 'debug', 'ask', 'ebpf'] as const;
export type PartName = (typeof PARTS)[number];

export const VIEWS = ['cbpf', 'graph', 'tree', 'ebpf', 'wasm'] as const;
export type ViewName = (typeof VIEWS)[number];

export interface Address {
  readonly expression: string;
  readonly linkType: string;
  readonly mode: Mode;
  readonly optimize: boolean;
  readonly part: PartName;
  readonly views: readonly [ViewName, ViewName];
  readonly capture: string;
  readonly packet: number;
  readonly other: string;
}

const START: Address = {
  expression: 'tcp dst port 443 and not net 10.0.0.0/8',
  linkType: 'EN10MB',
  mode: 'dead',
  optimize: true,
  part: 'program',
  views: ['cbpf', 'graph'],
  capture: '',
  packet: 0,
  other: '',
};

const oneOf = <Name extends string>(names: readonly Name[], text: string | null, usual: Name): Name =>
  names.find((name) => name === text) ?? usual;

/** What an address says, and the usual where it says nothing or nonsense. */
export function readAddress(hash: string): Address {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const [left, right] = (fields.get('v') ?? '').split(',');
  return {
    expression: fields.get('e') ?? START.expression,
    linkType: fields.get('l') ?? START.linkType,
    mode: oneOf(MODES, fields.get('m'), START.mode),
    optimize: fields.get('O') === null,
    part: oneOf(PARTS, fields.get('p'), START.part),
    views: [oneOf(VIEWS, left ?? '', START.views[0]), oneOf(VIEWS, right ?? '', START.views[1])],
    capture: fields.get('c') ?? START.capture,
    packet: Math.max(0, Math.trunc(Number(fields.get('n') ?? 0)) || 0),
    other: fields.get('b') ?? START.other,
  };
}

/** The address for a state, without what is usual. */
export function hashOf(address: Address): string {
  const fields = new URLSearchParams();
  fields.set('e', address.expression);
  if (address.linkType !== START.linkType) fields.set('l', address.linkType);
  if (address.mode !== START.mode) fields.set('m', address.mode);
  if (!address.optimize) fields.set('O', '');
  if (address.part !== START.part) fields.set('p', address.part);
  if (`${address.views}` !== `${START.views}`) fields.set('v', address.views.join(','));
  if (address.capture !== '') fields.set('c', address.capture);
  if (address.packet > 0) fields.set('n', String(address.packet));
  if (address.other !== '') fields.set('b', address.other);
  return `#${fields}`;
}

let pending: Address | undefined;

/** Puts a state into the address, a little later: browsers refuse too many changes in a short time. */
export function writeAddress(address: Address): void {
  if (pending === undefined)
    setTimeout(() => {
      history.replaceState(null, '', hashOf(pending!));
      pending = undefined;
    }, 200);
  pending = address;
}
