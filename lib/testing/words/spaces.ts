/** Test support: all number spaces, one row each. */

import { dispatch } from './announced.js';
import { applications } from './applicationSpaces.js';
import { addressing, links, ppps, wireless } from './hostSpaces.js';
import { bgpSpaces, routing } from './routingSpaces.js';
import type { Space } from './space.js';

export const SPACES: readonly Space[] = [
  ...dispatch,
  ...bgpSpaces,
  ...addressing,
  ...links,
  ...ppps,
  ...routing,
  ...applications,
  ...wireless,
];
