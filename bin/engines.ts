/** All engines, a part of the command that most runs do without. */

export { defaultEngine, ENGINES, engineOf } from '../lib/index.js';
