#!/usr/bin/env node
/** Writes docs/packet.schema.json, which describes what `weir --json` prints, from the layouts. Run by the build. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packetSchema } from '../dist/lib/decode.js';

const target = join(import.meta.dirname, '..', 'docs', 'packet.schema.json');
writeFileSync(target, `${JSON.stringify(packetSchema())}\n`);
