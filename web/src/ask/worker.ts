/** The worker that answers questions. */

import { answer, type Question } from './questions.js';

addEventListener(
  'message',
  ({ data: { id, question } }: MessageEvent<{ id: number; question: Question }>) => {
    try {
      postMessage({ id, answers: answer(question) });
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      postMessage({ id, answers: { relations: [], witnesses: [], problem } });
    }
  },
);
