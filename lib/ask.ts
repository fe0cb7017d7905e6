/**
 * Weir, asking a filter: packets that match it or go every way through it, in what two filters differ, and what it is in
 * Wireshark's language. Runs anywhere. Whether one implies, equals or excludes another is in `weir-bpf`.
 *
 * @packageDocumentation
 */

export {
  alwaysTrue,
  type Covered,
  cover,
  type Difference,
  type DiffOptions,
  diff,
  lintRules,
  type Made,
  type MadePacket,
  type MakeOptions,
  make,
  neverTrue,
  type Region,
  type RuleFinding,
} from './ask/index.js';
export {
  type LeftOver,
  type TranslateOptions,
  type Translation,
  toDisplay,
  translate,
} from './display/index.js';
export { libpcapForm } from './filter/index.js';
