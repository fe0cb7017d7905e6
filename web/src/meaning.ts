/** What an expression means, in words: `weir describe`. Loaded when somebody has stopped typing. */

import { LinkFilter, NO_LOADER, withReadyMade } from '../../lib/playground.js';
import { type Description, describe } from '../../lib/see.js';
import type { Compiled } from './compiled.js';

export function meaningOf({ expression, linkType, mode }: Compiled): Description {
  const options = withReadyMade({ linkType, mode, optimize: false });
  return describe(new LinkFilter(expression, options, NO_LOADER));
}
