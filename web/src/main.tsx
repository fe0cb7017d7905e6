/** Starts the playground. */

import { render } from 'preact';
import { App } from './app.js';
import { keepForOffline } from './offline.js';
import { acceptDrops } from './packets/drop.js';
import './style.css';

render(<App />, document.getElementById('app')!);
acceptDrops();
// `weir playground` is on the same machine.
if (import.meta.env.MODE === 'site') keepForOffline();
