/** Wireshark's display filters, beside libpcap's capture filters. */

export { toDisplay } from './toDisplay.js';
export {
  fieldExpression,
  type LeftOver,
  type TranslateOptions,
  type Translation,
  translate,
} from './translate.js';
