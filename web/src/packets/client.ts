/** The page's side of the worker: what capture is open, which packets match, and asking for more. */

import { effect, signal } from '@preact/signals';
import { captureName, chosen, compiled, counted, linkType, mode, settled } from '../state.js';
import type { Answered, Asked, Filtered, Give, Opened, RequestName, Shown, Take } from './protocol.js';

/** The open capture. */
export const capture = signal<Opened | undefined>(undefined);
/** What is wrong with the file that was to be opened, or that one is being read. */
export const openState = signal<{ readonly busy: boolean; readonly problem: string }>({
  busy: false,
  problem: '',
});
/** What the last filter that compiled does on it. Rows are to be asked for again when it changes. */
export const filtered = signal<Filtered | undefined>(undefined);
/** The chosen packet. */
export const packet = signal<Shown | undefined>(undefined);

let worker: Worker | undefined;
let asked = 0;
const waiting = new Map<number, { resolve: (give: never) => void; reject: (error: Error) => void }>();

/** Asks the worker. */
export function ask<Name extends RequestName>(
  name: Name,
  take: Take<Name>,
  transfer: Transferable[] = [],
): Promise<Give<Name>> {
  if (worker === undefined) {
    worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data: { id, give, error } }: MessageEvent<Answered>) => {
      const { resolve, reject } = waiting.get(id)!;
      waiting.delete(id);
      if (error === undefined) resolve(give as never);
      else reject(new Error(error));
    });
    worker.addEventListener('error', ({ message }) => {
      worker = undefined;
      for (const { reject } of waiting.values())
        reject(new Error(`the worker ended: ${message ?? 'no reason'}`));
      waiting.clear();
    });
  }
  const request: Asked = { id: ++asked, name, take };
  worker.postMessage(request, transfer);
  return new Promise((resolve, reject) => waiting.set(request.id, { resolve, reject }));
}

/** Opens a file that was dropped or chosen. */
export async function openFile(file: File): Promise<void> {
  captureName.value = '';
  await open(file.name, () => file.arrayBuffer(), 1);
}

/** Opens one of the project's own captures, which lie beside the page. */
async function openOwn(name: string, packetNumber: number): Promise<void> {
  const url = new URL(`./captures/${encodeURIComponent(name)}`, document.baseURI);
  const fetched = async (): Promise<ArrayBuffer> => {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
    return response.arrayBuffer();
  };
  await open(name, fetched, packetNumber);
}

async function open(name: string, read: () => Promise<ArrayBuffer>, packetNumber: number): Promise<void> {
  openState.value = { busy: true, problem: '' };
  try {
    const bytes = await read();
    const opened = await ask('open', { name, bytes }, [bytes]);
    const [first] = opened.linkTypes;
    if (first !== undefined) linkType.value = first;
    mode.value = opened.mode;
    filtered.value = undefined;
    packet.value = undefined;
    capture.value = opened;
    chosen.value = Math.min(packetNumber, opened.count);
    openState.value = { busy: false, problem: '' };
  } catch (error) {
    openState.value = { busy: false, problem: `${name}: ${(error as Error).message}` };
  }
}

effect(() => {
  const name = captureName.value;
  if (name !== '' && name !== capture.peek()?.name) void openOwn(name, chosen.peek() || 1);
});

let running = false;
let again = false;

/** Filters with the last expression that compiles; what was typed meanwhile is filtered with when that has ended. */
async function filterNow(): Promise<void> {
  if (running) {
    again = true;
    return;
  }
  running = true;
  do {
    again = false;
    const { expression, optimize, program } = compiled.peek();
    if (capture.peek() === undefined || (program === undefined && filtered.peek() !== undefined)) break;
    try {
      filtered.value = await ask('filter', program === undefined ? undefined : { expression, optimize });
    } catch (error) {
      filtered.value = { matched: 0, milliseconds: 0, problem: (error as Error).message };
    }
  } while (again);
  running = false;
}

effect(() => {
  if (capture.value !== undefined && (compiled.value.program !== undefined || filtered.peek() === undefined))
    void filterNow();
});

/** Packets that are counted over: under a strict policy counting steps the machine, half a million a second. */
const MOST_COUNTED = 200_000;

/** The graph is coloured by what ran, once the capture is filtered. */
effect(() => {
  const now = settled.value;
  if (filtered.value === undefined || now?.program === undefined || counted.peek()?.compiled === now) return;
  if ((capture.peek()?.count ?? 0) > MOST_COUNTED) return;
  const { expression, optimize, linkType: name } = now;
  void ask('profile', { expression, optimize, linkType: name }).then(
    (counts) => {
      counted.value = { compiled: now, counts };
    },
    () => {},
  );
});

effect(() => {
  const number = chosen.value;
  const { count = 0 } = capture.value ?? {};
  if (filtered.value === undefined || number < 1 || number > count) return;
  void ask('packet', { index: number - 1 }).then((shown) => {
    if (chosen.peek() === number) packet.value = shown;
  });
});
