/** Compilers behind the engines. */

export { canGenerateCode, type JavaScriptSource, loadJavaScript, toJavaScript } from './javascript.js';
