/** All engines, a part of the command that most runs do without. */

import { defaultEngine, engineOf, LIFTED_ENGINES, loaderWithReserve } from '../lib/command.js';
import { ENGINES as CLASSIC_ENGINES } from '../lib/index.js';

export { defaultEngine, engineOf, loaderWithReserve };

export const ENGINES = [...CLASSIC_ENGINES, ...LIFTED_ENGINES];
