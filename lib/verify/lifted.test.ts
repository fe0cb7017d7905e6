import { readdirSync } from 'node:fs';
import test from 'ava';
import { lift } from '../lift/index.js';
import { fromQuadruples, type Quadruple } from '../testing/programs.js';
import { dataPath, fullRun, Tally, vectors } from '../testing/vectors.js';
import { verify } from './walk/verifier.js';

interface FilterRow {
  readonly expr: string;
  readonly dlt: string | null;
  readonly optimized?: readonly Quadruple[];
}

const FORMS = [
  ['portable', 'socket_filter'],
  ['xdp', 'xdp'],
  ['tc', 'sched_cls'],
] as const;

test('every lifted filter verifies, in every form', (t) => {
  const folder = dataPath(t, 'vectors/filters');
  if (folder === undefined) return;
  const tally = new Tally('verifier: lifted filters');
  const groups = readdirSync(folder).filter((file) =>
    /^(?!packets-|cbpf-|capture|optimizer|README).*\.jsonl$/.test(file),
  );
  for (const group of groups) {
    for (const { expr, dlt, optimized } of vectors<FilterRow>(t, `vectors/filters/${group}`, 8)) {
      if (optimized === undefined) continue;
      for (const [form, type] of FORMS) {
        let program: Parameters<typeof verify>[0];
        try {
          program = lift(fromQuadruples(optimized), { form });
        } catch {
          tally.leaveOut(`without a form for ${form}`);
          continue;
        }
        const { accepted, rejection } = verify(program, { type });
        tally.check(accepted, () => `${dlt} ${expr} as ${form}: ${rejection?.message}`);
      }
    }
  }
  tally.finish(t);
  t.log(fullRun ? 'all rows' : 'a sample');
});
