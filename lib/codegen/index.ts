/** Tree to flow graph. */

export type { CaptureMode } from './context.js';
export { withoutCookedHeader } from './cooked.js';
export {
  type CompileOptions,
  compileUnoptimized,
  type Generated,
  type GenerateOptions,
  generate,
  parseChecked,
} from './generate.js';
export { type Lint, lateEncapsulation, lint } from './lint.js';
