/** Test support: values of fields by the installed tshark and by Weir, packet by packet, and what tells them apart. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createColumns } from '../../dissect/index.js';
import type { Packet } from '../../savefile/index.js';
import { pcapFile } from '../tcpdump.js';
import { runTshark } from '../tshark.js';
import { numbered } from './compare.js';

/** Values that one of both has. */
export interface Values {
  /** Which of the packets. */
  readonly index: number;
  readonly name: string;
  readonly ours: string;
  readonly theirs: string;
}

/** The values of packets of one link type. */
export function values(packets: readonly Packet[], linkType: number, names: readonly string[]): Values[] {
  const folder = mkdtempSync(join(tmpdir(), 'weir-values-'));
  try {
    const path = join(folder, 'made.pcap');
    const apart = numbered(packets, linkType);
    writeFileSync(path, pcapFile(apart, linkType));
    const theirs = runTshark(path, names);
    const columns = createColumns(names);
    return apart.slice(0, theirs.length).flatMap((packet, index) => {
      const ours = columns.row(packet).split('\t');
      return names.flatMap((name, column) => {
        const [our, their] = [ours[column] ?? '', theirs[index]![column] ?? ''];
        return our === '' && their === '' ? [] : [{ index, name, ours: our, theirs: their }];
      });
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
