import test from 'ava';
import fc from 'fast-check';
import { FilterError } from '../source.js';
import { assertProperty } from '../testing/property.js';
import { Tally, vectors } from '../testing/vectors.js';
import { CONSTANTS, type Expr, FilterSyntaxError, format, KEYWORDS, parse, tokenize } from './index.js';

const lexes = test.macro({
  title: (_, text: string) => `${JSON.stringify(text)} is read as tokens`,
  exec(t, text: string, expected: readonly string[]) {
    t.deepEqual(
      tokenize(text).map(({ kind, text: raw }) => `${kind} ${raw}`.trim()),
      [...expected, 'end'],
    );
  },
});
// Longest match, then order of rules: libpcap scanner.l.
test(lexes, 'tcp[0]', ['protocol tcp', 'operator [', 'number 0', 'operator ]']);
test(lexes, '3-1', ['name 3-1']);
test(lexes, '3 -1', ['number 3', 'operator -', 'number 1']);
test(lexes, 'len-1', ['name len-1']);
test(lexes, '012345670123', ['mac 012345670123']);
test(lexes, '0012345670123', ['number 0012345670123']);
test(lexes, '1.2.3.4 1.2 1.2.3.4.5', ['dotted 1.2.3.4', 'dotted 1.2', 'name 1.2.3.4.5']);
test(lexes, 'aabb.ccdd.eeff 1-2-3-4-5-6', ['mac aabb.ccdd.eeff', 'mac 1-2-3-4-5-6']);
test(lexes, '::1 :: 1::2:3', ['ipv6 ::1', 'ipv6 ::', 'ipv6 1::2:3']);
test(lexes, '1:2:3:4:5:6:7:8', ['ipv6 1:2:3:4:5:6:7:8']);
test(lexes, '::ffff:1.2.3.4', ['ipv6 ::ffff:1.2.3.4']);
test(lexes, '1:2:3:4:5:6:1.2.3.4', ['ipv6 1:2:3:4:5:6:1.2.3.4']);
test(lexes, '[0:2]', ['operator [', 'number 0', 'operator :', 'number 2', 'operator ]']);
test(lexes, '\\tcp $1f', ['name tcp', 'mac8 $1f']);
test(lexes, 'a&&b||!c', ['name a', 'and &&', 'name b', 'or ||', 'not !', 'name c']);
test(lexes, 'es-is rnr rulenum', ['protocol es-is', 'pf rnr', 'pf rulenum']);
test(lexes, 'tcp-syn icmp6-echo', ['number tcp-syn', 'number icmp6-echo']);
test(lexes, 'TCP', ['name TCP']);

const prints = test.macro({
  title: (_, text: string) => `${text} is printed in canonical words`,
  exec(t, text: string, expected: string) {
    t.is(format(parse(text)), expected);
  },
});
test(prints, 'ether[0]&1!=0', 'link[0] & 1 != 0');
test(prints, 'tcp  dst\nport\t(80 or 0x1bb)&&!host a', 'tcp dst port (80 or 0x1bb) and not host a');
test(prints, 'ip proto \\tcp or \\udp', 'ip proto \\tcp or \\udp');
test(prints, 'vlan (5) and vpi(1 or 2)', 'vlan 5 and vpi (1 or 2)');
test(prints, 'dst or src host 10.0.0.1', 'src or dst host 10.0.0.1');
test(prints, '- ( len )+1 = 2', '-(len) + 1 = 2');
test(prints, '', '');

/** The shape of a tree: qualifiers where they are inherited, arithmetic in prefix form. */
function shape(node: unknown): unknown {
  const tree = node as Expr;
  switch (tree.kind) {
    case 'and':
    case 'or':
      return [tree.kind, shape(tree.left), shape(tree.right)];
    case 'not':
      return ['not', shape(tree.operand)];
    case 'group':
    case 'named':
    case 'qualified':
      return shape(tree.operand);
    case 'id': {
      const { protocol = '', direction = '', type = '' } = tree.qualifiers ?? { type: 'undefined' };
      const { id } = tree;
      const text = id.kind === 'name' ? id.name : id.text;
      return [protocol, direction, type, text].filter((word) => word !== '').join(' ');
    }
    default:
      return format(tree);
  }
}

const groups = test.macro({
  title: (_, text: string) => `${text} is grouped as libpcap does`,
  exec(t, text: string, expected: unknown) {
    t.deepEqual(shape(parse(text)), expected);
  },
});
test(groups, 'tcp or udp and icmp', ['and', ['or', 'tcp', 'udp'], 'icmp']);
test(groups, 'not host a and b', ['and', ['not', 'host a'], 'host b']);
test(groups, 'tcp dst port (80 or 443)', ['or', 'tcp dst port 80', 'tcp dst port 443']);
test(groups, 'host a or (b and not c) or d', [
  'or',
  ['or', 'host a', ['and', 'host b', ['not', 'host c']]],
  'host d',
]);
test(groups, 'port 80 or (tcp and udp) or 90', ['or', ['or', 'port 80', ['and', 'tcp', 'udp']], 'port 90']);
test(groups, 'tcp and 80', ['and', 'tcp', 'undefined 80']);

const computes = test.macro({
  title: (_, text: string) => `${text}: operators bind as in grammar.y`,
  exec(t, text: string, expected: unknown) {
    const tree = parse(`${text} = 0`);
    const prefix = (node: unknown): unknown => {
      const { kind, op, left, right, operand } = node as Record<string, unknown>;
      if (kind === 'binary') return [op, prefix(left), prefix(right)];
      if (kind === 'negate') return ['-', prefix(operand)];
      return kind === 'parens' ? prefix(operand) : format(node as Expr);
    };
    t.deepEqual(prefix((tree as { left: unknown }).left), expected);
  },
});
test(computes, '5*3%2', ['*', '5', ['%', '3', '2']]);
test(computes, '1%2+3', ['%', '1', ['+', '2', '3']]);
test(computes, '1+2^3', ['+', '1', ['^', '2', '3']]);
test(computes, '1%2%3', ['%', '1', ['%', '2', '3']]);
test(computes, '1|2&3<<4+5*6', ['|', '1', ['&', '2', ['<<', '3', ['+', '4', ['*', '5', '6']]]]]);
test(computes, '1 - 2 - 3', ['-', ['-', '1', '2'], '3']);
test(computes, '-1*2', ['*', ['-', '1'], '2']);
test(computes, '-1%2', ['-', ['%', '1', '2']]);

const fails = test.macro({
  title: (_, text: string) => `${JSON.stringify(text)} is refused`,
  exec(t, text: string, rendered: readonly string[]) {
    const error = t.throws(() => parse(text), { instanceOf: FilterSyntaxError })!;
    t.deepEqual(error.render(text).split('\n'), rendered);
  },
});
test(fails, 'tcp prot 80', [
  'tcp prot 80',
  "    ^~~~ expected a qualifier such as 'host' or 'port', '[', 'and' or 'or' after 'tcp', found 'prot'",
  "         did you mean 'port'?",
]);
test(fails, 'tcp 80', [
  'tcp 80',
  "    ^~ expected a qualifier such as 'host' or 'port', '[', 'and' or 'or' after 'tcp', found '80'",
  "       did you mean 'tcp port 80'?",
]);
test(fails, 'tcp.port == 80', [
  'tcp.port == 80',
  "^~~~~~~~ expected a test such as 'host 10.0.0.1', 'tcp port 80' or 'ip[8] < 5', found 'tcp.port'",
  "         to match a host or network name, write 'host tcp.port'",
]);
test(fails, 'tcp and', [
  'tcp and',
  "       ^ expected a test such as 'host 10.0.0.1', 'tcp port 80' or 'ip[8] < 5', the expression ends here",
]);
test(fails, 'port (80 or tcp)', [
  'port (80 or tcp)',
  "            ^~~ expected a port number or service name after 'port', found 'tcp'",
]);
test(fails, 'ip[0', ['ip[0', "    ^ expected ']' or an operator such as '+', the expression ends here"]);
test(fails, 'ip[0] - ((ip[1]) > 1', [
  'ip[0] - ((ip[1]) > 1',
  "                 ^ expected ')' or an operator such as '+', found '>'",
]);
test(fails, '(len', ['(len', "    ^ expected an operator such as '=' or '+', the expression ends here"]);
test(fails, 'IP', [
  'IP',
  "^~ expected a test such as 'host 10.0.0.1', 'tcp port 80' or 'ip[8] < 5', found 'IP'",
  "   keywords are lower-case: 'ip'",
]);
test(fails, 'tcp[20:4] = GET', [
  'tcp[20:4] = GET',
  "            ^~~ expected a number, 'len' or a field such as 'tcp[13]', found 'GET'",
  '                letters are compared as a number: 0x47455420',
]);
test(fails, 'tcp[13] = tcp-sin', [
  'tcp[13] = tcp-sin',
  "          ^~~~~~~ expected a number, 'len' or a field such as 'tcp[13]', found 'tcp-sin'",
  "                  did you mean 'tcp-fin'?",
]);
test(fails, 'aa:bb:cc:dd:ee:ff', [
  'aa:bb:cc:dd:ee:ff',
  "^~~~~~~~~~~~~~~~~ expected a test such as 'host 10.0.0.1', 'tcp port 80' or 'ip[8] < 5', found 'aa:bb:cc:dd:ee:ff'",
  "                  did you mean 'ether host aa:bb:cc:dd:ee:ff'?",
]);
test(fails, '(tcp', ['(tcp', "    ^ expected ')', the expression ends here"]);
test(fails, 'ether host aa:bb:cc:dd:ee', [
  'ether host aa:bb:cc:dd:ee',
  "           ^~~~~~~~~~~~ invalid Ethernet address 'aa:bb:cc:dd:'",
  '                        an Ethernet address has six parts: aa:bb:cc:dd:ee:ff',
]);
test(fails, 'tcp # comment', [
  'tcp # comment',
  "    ^ unexpected character '#'",
  '      comments are read from filter files only',
]);

const hints = test.macro({
  title: (_, text: string) => `${text} gets a hint`,
  exec(t, text: string, hint: string) {
    t.is(t.throws(() => parse(text), { instanceOf: FilterSyntaxError })!.hint, hint);
  },
});
test(hints, 'len eq 5', "write '=' for 'eq'");
test(hints, 'hots a', "did you mean 'host'?");
test(hints, 'TCP', "keywords are lower-case: 'tcp'");
test(hints, 'tcp, udp', "write 'or' between alternatives");

test('named filters are inserted as if in parentheses', (t) => {
  const filters: Record<string, string> = {
    syn: 'tcp[13] & 2 != 0',
    web: 'port 80 or 443',
    both: '@syn and @web',
  };
  const options = { namedFilters: (name: string) => filters[name] };
  const tree = parse('udp or @both', options);
  t.deepEqual(shape(tree), ['or', 'udp', ['and', 'tcp[13] & 2 != 0', ['or', 'port 80', 'port 443']]]);
  t.is(format(tree), 'udp or @both');
  const inside = (tree as { right: { operand: { span: unknown } } }).right.operand;
  t.deepEqual(inside.span, { start: 7, end: 12 }, 'spans point at the @name');
  t.throws(() => parse('@nosuch', options), { message: "there is no filter named 'nosuch'" });
  t.throws(() => parse('@syn'), { message: "unexpected character '@'" });
});

test('a named filter cannot contain itself, nest too deeply, or be broken', (t) => {
  const loop = (name: string) => (name === 'a' ? '@b' : '@a');
  t.throws(() => parse('@a', { namedFilters: loop }), { message: /named filter '@a' uses itself/ });
  const deeper = (name: string) => `@${name}x`;
  t.throws(() => parse('@a', { namedFilters: deeper }), { message: /more than 32 deep/ });
  const broken = t.throws(() => parse('ip and @x', { namedFilters: () => 'tcp prot 80' }), {
    instanceOf: FilterError,
  })!;
  t.deepEqual(broken.span, { start: 7, end: 9 });
  t.is(broken.hint, "did you mean 'port'?");
});

test('a syntax error carries what was complete before it', (t) => {
  const reduced = (text: string) =>
    t
      .throws(() => parse(text), { instanceOf: FilterSyntaxError })!
      .reduced.map((node) => format(node as Expr));
  t.deepEqual(
    reduced('port 99999 foo'),
    ['port 99999'].map(() => '99999'),
  );
  t.deepEqual(reduced('tcp and vlan 5 foo'), ['tcp', 'vlan 5']);
  t.deepEqual(reduced('tcp or udp and icmp ('), ['tcp or udp']);
  t.deepEqual(reduced('iso[0] + 5 foo'), ['iso[0] + 5']);
});

test('nesting is limited by memory only', (t) => {
  const deep = 100_000;
  const nested = `${'not ('.repeat(deep)}tcp${')'.repeat(deep)}`;
  t.is(format(parse(nested)).length, nested.length);
  t.is(format(parse(`tcp${' or udp'.repeat(deep)}`)).length, 3 + 7 * deep);
  t.notThrows(() => parse(`${'('.repeat(deep)}len${')'.repeat(deep)} = ${'-'.repeat(deep)}1`));
  t.throws(() => parse('('.repeat(deep)), { instanceOf: FilterSyntaxError });
});

interface Row {
  readonly expr: string;
  readonly error?: string;
}
const GROUPS =
  'abbrev arith compound cookbook encap hostnet large linkproto linktype live llc mac mutated named names netmask pflog port proto protochain random reported savefile snaplen telecom testrun-accept testrun-reject wlan'.split(
    ' ',
  );
const SYNTAX = /can't parse|overflows 32|non-octal|invalid Ethernet address|invalid IPv6 address/;

/** What the parser makes of `text`: the tree without spans, or the error. */
function outcome(text: string): { tree: string; expr: Expr | undefined } | { error: FilterSyntaxError } {
  try {
    const expr = parse(text);
    return {
      tree:
        JSON.stringify(expr, (key, value) => (['span', 'head', 'words'].includes(key) ? undefined : value)) ??
        '',
      expr,
    };
  } catch (error) {
    if (error instanceof FilterSyntaxError) return { error };
    throw error;
  }
}

/** Scopes and lists, which are no part of libpcap's language. */
const SCOPED = /[{}]/;

test('vectors: every expression is read or refused as in libpcap, and printed back', (t) => {
  const read = new Tally('filters: syntax');
  for (const group of GROUPS) {
    for (const { expr, error } of vectors<Row>(t, `vectors/filters/${group}.jsonl`, 100)) {
      const result = outcome(expr);
      if (SCOPED.test(expr) && SYNTAX.test(error ?? '')) continue;
      if ('error' in result) {
        const { libpcapMessage } = result.error;
        // A semantic error left of the syntax error is libpcap's message; codegen finds it.
        const agrees = error !== undefined && (!SYNTAX.test(error) || libpcapMessage === error);
        read.check(agrees, () => `${expr}: refused with '${libpcapMessage}', libpcap: ${error ?? 'accepts'}`);
      } else {
        const again = outcome(format(result.expr));
        const agrees = !SYNTAX.test(error ?? '') && 'tree' in again && again.tree === result.tree;
        read.check(agrees, () => `${expr}: read as '${format(result.expr)}', libpcap: ${error ?? 'accepts'}`);
      }
    }
  }
  read.finish(t);
});

const WORDS = [...KEYWORDS.keys(), ...CONSTANTS.keys()];
const SYMBOLS = '( ) [ ] : + - * / % & | ^ << >> = == != < <= > >= ! && || and or not and or ( )'.split(' ');
const LITERALS = [
  '0',
  '80',
  '0x1f',
  '10.0.0.1',
  '10.1',
  '::1',
  'aa:bb:cc:dd:ee:ff',
  '$1f',
  'localhost',
  '\\tcp',
];

test('any token string is a tree that prints back, or a FilterError', (t) => {
  const word = fc.oneof(fc.constantFrom(...WORDS), fc.constantFrom(...SYMBOLS), fc.constantFrom(...LITERALS));
  const property = fc.property(fc.array(word, { maxLength: 12 }), (words) => {
    const result = outcome(words.join(' '));
    if ('error' in result) return;
    t.deepEqual(
      outcome(format(result.expr)),
      result.expr === undefined ? result : { ...result, expr: parse(format(result.expr)) },
    );
  });
  t.notThrows(() => assertProperty(t, property, { numRuns: 5000 }));
});

test('any text is a tree or a FilterError', (t) => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdefx:.-()[]$\\@ '), maxLength: 60 }),
  );
  t.notThrows(() =>
    assertProperty(
      t,
      fc.property(text, (input) => void outcome(input)),
      { numRuns: 5000 },
    ),
  );
});
