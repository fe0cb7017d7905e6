/** Wireshark's display filters, beside libpcap's capture filters. */

export { toDisplay } from './toDisplay.js';
export {
  fieldExpression,
  fieldHint,
  type LeftOver,
  type TranslateOptions,
  type Translation,
  translate,
  valuesHint,
} from './translate.js';
