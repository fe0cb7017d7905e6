/** Programs that read structures of the kernel's: sockets under their own types, connections that are looked up. */

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { whyNoClang } from '../testing/clang.js';
import { openLibbpf } from '../testing/libbpf.js';
import { fullRun } from '../testing/vectors.js';
import { loadObject } from './index.js';

const TYPES = '/sys/kernel/btf/vmlinux';
const why = whyNoClang() ?? (existsSync(TYPES) ? undefined : 'the kernel tells no types');
if (why !== undefined) test(`skipped: ${why}`, (t) => t.pass());
// Skipped only where the machine lacks what `why` names; the test named after it says so.
const withClang = why === undefined ? test : test.skip;

const HEAD = `
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned u32; typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define CORE __attribute__((preserve_access_index))
struct __sk_buff { u32 before[42]; void *sk; };
struct net { u32 ifindex; } CORE;
struct possible_net { struct net *net; } CORE;
struct nf_conn { u64 status; u32 mark; } CORE;
struct sock_common { struct possible_net skc_net; } CORE;
struct tcp_sock { u32 snd_cwnd; u8 repair : 1; } CORE;
struct tuple { u32 words[9]; };
struct options { u32 words[3]; };
extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *, struct tuple *, u32, struct options *, u32) SEC(".ksyms");
extern void bpf_ct_release(struct nf_conn *) SEC(".ksyms");
static struct tcp_sock *(*to_tcp)(void *) = (void *)137;
static long (*release)(void *) = (void *)86;
char terms[] SEC("license") = LICENSE;
SEC("tc") int program(struct __sk_buff *skb) {
  struct tuple tuple = {};
  struct options options = {};
`;
const LOOK_UP = 'struct nf_conn *c = bpf_skb_ct_lookup(skb, &tuple, 12, &options, sizeof options);';
const TO_TCP = 'void *sk = skb->sk; if (!sk) return 0; struct tcp_sock *t = to_tcp(sk);';

/** The verdict is Linux 6.18's; where libbpf can be used, the running kernel is asked again. */
// biome-ignore format: one row a line
const CASES: readonly (readonly [what: string, body: string, isAdmitted: boolean, license?: string])[] = [
  ['a connection', `${LOOK_UP} if (!c) return 0; u32 m = c->mark + c->status; bpf_ct_release(c); return m;`, true],
  ['a connection that may not be there', `${LOOK_UP} u32 m = c->mark; bpf_ct_release(c); return m;`, false],
  ['a connection that is kept', `${LOOK_UP} if (!c) return 0; return c->mark;`, false],
  ['a connection after it was given back', `${LOOK_UP} if (!c) return 0; bpf_ct_release(c); return c->mark;`, false],
  ['a connection given back as a socket', `${LOOK_UP} if (!c) return 0; release(c); return 0;`, false],
  ['behind a connection', `${LOOK_UP} if (!c) return 0; u32 m = *((volatile u32 *)c + 4000); bpf_ct_release(c); return m;`, false],
  ['its status, written', `${LOOK_UP} if (!c) return 0; c->status = 1; bpf_ct_release(c); return 0;`, false],
  ['a socket of TCP', `${TO_TCP} if (!t) return 0; return t->snd_cwnd + t->repair;`, true],
  ['one that may be none', `${TO_TCP} return t->snd_cwnd;`, false],
  ['one that is written', `${TO_TCP} if (!t) return 0; t->snd_cwnd = 1; return 0;`, false],
  ['what its fields point to', `${TO_TCP} if (!t) return 0; return ((struct sock_common *)t)->skc_net.net->ifindex;`, true],
  ['half of an address', `${TO_TCP} if (!t) return 0; return *(volatile u32 *)&((struct sock_common *)t)->skc_net.net;`, false],
  ['structures without the GPL', `${TO_TCP} if (!t) return 0; return t->snd_cwnd;`, false, 'MIT'],
];

withClang('structures of the kernel’s', async (t) => {
  const place = mkdtempSync(join(tmpdir(), 'weir-structs-'));
  const types = new Uint8Array(readFileSync(TYPES));
  const libbpf = await openLibbpf();
  try {
    const cases = fullRun ? CASES : CASES.filter((_, at) => at % 4 === 0);
    for (const [what, body, isAdmitted, license = 'GPL'] of cases) {
      const [source, output] = [join(place, 'program.c'), join(place, 'program.o')];
      writeFileSync(source, `#define LICENSE "${license}"\n${HEAD}${body}\n}\n`);
      await promisify(execFile)('clang', ['-O2', '-g', '-w', '-target', 'bpf', '-c', source, '-o', output]);
      const bytes = new Uint8Array(readFileSync(output));
      const { rejection } = loadObject(bytes, { btf: types }).programs[0]!.verify();
      t.is(rejection === undefined, isAdmitted, `${what}: ${rejection?.message}`);
      if (typeof libbpf === 'string') continue;
      const loaded = libbpf.load(bytes);
      t.is(typeof loaded !== 'string', isAdmitted, `${what}, in the kernel: ${String(loaded)}`);
      if (typeof loaded !== 'string') loaded.close();
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});
