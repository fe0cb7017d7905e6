/** All engines, a part of the command that most runs do without. */

export { defaultEngine, loaderWithReserve } from '../lib/command.js';
export { ENGINES } from '../lib/index.js';
