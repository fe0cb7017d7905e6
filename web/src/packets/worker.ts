/** The worker that holds a capture: reads it, filters it, prints and decodes what is looked at. */

import type { Answered, Asked, Give, RequestName, Take } from './protocol.js';
import { Session } from './session.js';

let session: Session | undefined;

const open = (): Session => {
  if (session === undefined) throw new Error('no capture is open');
  return session;
};

const ANSWERS: {
  readonly [Name in RequestName]: (take: Take<Name>) => Give<Name> | Promise<Give<Name>>;
} = {
  open: async ({ name, bytes }) => {
    session = await Session.open(name, new Uint8Array(bytes));
    return session.opened;
  },
  filter: (take) => open().filter(take),
  profile: (take) => open().profile(take),
  rows: ({ from, to, matching }) => open().rows(from, to, matching),
  place: ({ index, matching }) => open().place(index, matching),
  packet: ({ index }) => open().show(index),
  otherwise: ({ index, step }) => open().otherwise(index, step),
  verify: async (take) => (await import('../lab/program.js')).verifyProgram(take),
  run: async (take) => (await import('../lab/program.js')).runProgram(take, open().capture),
};

/** One after the other: a capture is open before it is filtered. */
let last: Promise<unknown> = Promise.resolve();

addEventListener('message', ({ data }: MessageEvent<Asked>) => {
  last = last.then(async () => {
    const { id, name, take } = data;
    let answer: Answered;
    try {
      answer = { id, give: await (ANSWERS[name] as (take: unknown) => unknown)(take) };
    } catch (error) {
      answer = { id, error: error instanceof Error ? error.message : String(error) };
    }
    postMessage(answer);
  });
});
