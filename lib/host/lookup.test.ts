/** Hosts that are looked up before compiling, by an injected lookup. */

import test from 'ava';
import { compile } from '../filter/index.js';
import { builtinResolver, type Resolver } from '../names/index.js';
import { lookUpHosts } from './lookup.js';

const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  'web.example': ['192.0.2.7', '2001:db8::7', '192.0.2.3'],
  gate: ['192.0.2.1'],
};
const resolver: Resolver = {
  ...builtinResolver,
  ether: (name) => (name === 'gate' ? '02:00:00:00:00:01' : undefined),
};

/** The resolver, and which names it cost. */
async function lookUp(expression: string): Promise<{ asked: string[]; resolver: Resolver }> {
  const asked: string[] = [];
  const lookup = async (name: string) => {
    asked.push(name);
    return ADDRESSES[name] ?? [];
  };
  const namedFilters = (name: string) => (name === 'web' ? 'host web.example' : undefined);
  return { resolver: await lookUpHosts(expression, { lookup, resolver, namedFilters }), asked };
}

const asks = test.macro({
  title: (_, expression: string, names: readonly string[]) =>
    `'${expression}' asks for ${names.length === 0 ? 'nobody' : names.join(', ')}`,
  async exec(t, expression: string, names: readonly string[]) {
    t.deepEqual((await lookUp(expression)).asked, names);
  },
});

test(asks, 'host web.example or src web.example and not host nobody.example', [
  'web.example',
  'nobody.example',
]);
test(asks, 'gateway gate', ['gate']);
test(asks, '@web', ['web.example']);
test(asks, 'host localhost', []); // known without
test(asks, 'tcp port http and net loopback and ether host gate and host 10.0.0.1', []);
test(asks, 'host web.example and (', []); // a syntax error is compile's

test('addresses are those that were found, in numerical order', async (t) => {
  const expression = 'src host web.example';
  const found = await lookUp(expression);
  const written = 'src host 192.0.2.3 or src host 192.0.2.7 or src host 2001:db8::7';
  const program = compile(expression, { resolver: found.resolver, optimize: false }).for('EN10MB').cbpf;
  t.true(program.some(({ k }) => k === 0xc000_0203) && program.some(({ k }) => k === 0xc000_0207));
  const packet = new Uint8Array(60);
  packet.set([8, 0, 0x45], 12);
  packet.set([192, 0, 2, 7], 26);
  t.true(compile(expression, { resolver: found.resolver, linkType: 1 }).matches(packet));
  t.true(compile(written, { linkType: 1 }).matches(packet));
});

test('a gateway needs its Ethernet address and its IPv4 addresses', async (t) => {
  const found = await lookUp('gateway gate');
  t.notThrows(() => compile('gateway gate', { resolver: found.resolver }));
});

test('who is not found is an unknown host', async (t) => {
  const found = await lookUp('host nobody.example');
  t.throws(() => compile('host nobody.example', { resolver: found.resolver }), {
    message: "unknown host 'nobody.example'",
  });
});
