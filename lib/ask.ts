/**
 * Weir, asking a filter: packets that match it or go every way through it, and in what two filters differ. Runs anywhere.
 * Whether one implies, equals or excludes another is in `weir-bpf`.
 *
 * @packageDocumentation
 */

export {
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
  type Region,
  type RuleFinding,
} from './ask/index.js';
