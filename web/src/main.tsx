/** Starts the playground. */

import { render } from 'preact';
import { App } from './app.js';
import { acceptDrops } from './packets/drop.js';
import './style.css';

render(<App />, document.getElementById('app')!);
acceptDrops();
