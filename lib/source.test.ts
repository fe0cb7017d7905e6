import test from 'ava';
import { closest, cover, editDistance, FilterError, renderSpan } from './source.js';

const draws = test.macro({
  title: (_, source: string, start: number, end: number) =>
    `${JSON.stringify(source)} [${start}, ${end}) is marked`,
  exec(t, source: string, start: number, end: number, expected: readonly string[]) {
    t.deepEqual(renderSpan(source, { start, end }, 'here', 'try x').split('\n'), expected);
  },
});
test(draws, 'tcp prot 80', 4, 8, ['tcp prot 80', '    ^~~~ here', '         try x']);
test(draws, 'tcp and', 7, 7, ['tcp and', '       ^ here', '         try x']);
test(draws, 'ip or\n\tprot 1 or\nudp', 7, 11, ['\tprot 1 or', '\t^~~~ here', '\t     try x']);
test(draws, 'a\nb', 0, 3, ['a', '^ here', '  try x']);

const LONG = `host 10.0.0.1 or ${'host 10.0.0.2 or '.repeat(1000)}prt 80`;
test(draws, LONG, LONG.length - 6, LONG.length - 3, [
  `…${LONG.slice(-66)}`,
  `${' '.repeat(61)}^~~ here`,
  `${' '.repeat(65)}try x`,
]);
test(draws, `prt 80 or ${LONG}`, 0, 3, [`${`prt 80 or ${LONG}`.slice(0, 80)}…`, '^~~ here', '    try x']);

test("an error carries the place, the hint and libpcap's words", (t) => {
  const error = new FilterError(
    'unknown word',
    { start: 4, end: 8 },
    { hint: "did you mean 'port'?", libpcapMessage: 'syntax error' },
  );
  t.is(error.libpcapMessage, 'syntax error');
  t.is(error.render('tcp prot 80'), "tcp prot 80\n    ^~~~ unknown word\n         did you mean 'port'?");
});

test('cover spans both', (t) => {
  t.deepEqual(cover({ start: 3, end: 5 }, { start: 1, end: 4 }), { start: 1, end: 5 });
});

test('editDistance counts a swap of neighbours once', (t) => {
  t.is(editDistance('prot', 'port'), 1);
  t.is(editDistance('kitten', 'sitting'), 3);
  t.is(editDistance('', 'abc'), 3);
});

test('closest takes typing slips only', (t) => {
  const words = ['port', 'portrange', 'proto', 'host', 'net'];
  t.is(closest('prot', words), 'port');
  t.is(closest('hsot', words), 'host');
  t.is(closest('wireshark', words), undefined);
  t.is(closest('port', ['port']), undefined);
});
