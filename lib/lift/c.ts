/** A classic program as C that clang compiles for a hook: each instruction a statement, each jump a goto. */

import { type Program as Classic, extensionAt, type Instruction, opcodes } from '../cbpf/index.js';
import { LiftError } from './error.js';

export type CHook = 'xdp' | 'tc' | 'cgroup' | 'socket';

export interface COptions {
  readonly hook: CHook;
  /** What the function returns for packets that match, and for others, in C. */
  readonly accept: string;
  readonly reject: string;
  readonly section: string;
  /** Count packets and bytes in a map. */
  readonly count?: boolean;
  /** What the program is, for a comment. */
  readonly about?: string | undefined;
  readonly license: string;
}

/** Times that a loop may go back before the packet is rejected, as in lifted programs. */
const ROUNDS = 32;

/** What socket buffers have beside the packet, by extension. */
const FIELDS: Readonly<Record<string, string>> = {
  proto: 'bpf_ntohs(ctx->protocol)',
  type: 'ctx->pkt_type',
  ifidx: 'ctx->ifindex',
  mark: 'ctx->mark',
  queue: 'ctx->queue_mapping',
  rxhash: 'ctx->hash',
  vlan_tci: 'ctx->vlan_tci',
  vlan_avail: 'ctx->vlan_present',
  vlan_tpid: 'bpf_ntohs(ctx->vlan_proto)',
};

const TYPES = { 1: '__u8', 2: '__be16', 4: '__be32' } as const;
const SWAPS = { 1: '', 2: 'bpf_ntohs', 4: 'bpf_ntohl' } as const;
const OPERATORS: Readonly<Record<number, string>> = {
  [opcodes.ADD]: '+',
  [opcodes.SUB]: '-',
  [opcodes.MUL]: '*',
  [opcodes.DIV]: '/',
  [opcodes.MOD]: '%',
  [opcodes.AND]: '&',
  [opcodes.OR]: '|',
  [opcodes.XOR]: '^',
  [opcodes.LSH]: '<<',
  [opcodes.RSH]: '>>',
};
const COMPARISONS: Readonly<Record<number, string>> = {
  [opcodes.JEQ]: '==',
  [opcodes.JGT]: '>',
  [opcodes.JGE]: '>=',
  [opcodes.JSET]: '&',
};

/** Direct reads, compared with the packet's end; for sockets the helper. What is not there rejects the packet. */
const DIRECT = `#define LOAD(type, swap, at)                                 \\
  ({                                                         \\
    __u64 offset = (at);                                     \\
    if (offset > 0xffff)                                     \\
      return 0;                                              \\
    type *place = data + offset;                             \\
    if ((void *)(place + 1) > end)                           \\
      return 0;                                              \\
    (__u32)swap(*place);                                     \\
  })`;
const BY_HELPER = `#define LOAD(type, swap, at)                                 \\
  ({                                                         \\
    type value;                                              \\
    __u64 offset = (at);                                     \\
    if (offset > 0xffff ||                                   \\
        bpf_skb_load_bytes(ctx, offset, &value, sizeof(value)) < 0) \\
      return 0;                                              \\
    (__u32)swap(value);                                      \\
  })`;

const COUNTERS = `struct counts {
  __u64 packets;
  __u64 bytes;
};

/* 0: packets that match; 1: others. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, struct counts);
} counts SEC(".maps");

`;

/** @throws LiftError where the hook lacks what the program asks for. */
export function toC(program: Classic, options: COptions): string {
  const { hook, accept, reject, section, count = false, about, license } = options;
  const isXdp = hook === 'xdp';
  const context = isXdp ? 'struct xdp_md' : 'struct __sk_buff';
  const length = isXdp ? '(__u64)ctx->data_end - ctx->data' : 'ctx->len';
  const usesEnd = hook !== 'socket';
  const body = statements(program, hook);
  const uses = (word: RegExp): boolean => body.some((line) => word.test(line));
  const cells = Array.from({ length: opcodes.MEMORY_WORDS }, (_, cell) => `m${cell}`).filter((cell) =>
    uses(new RegExp(`\\b${cell}\\b`)),
  );
  const names = ['a', 'x', ...(uses(/\brounds\b/) ? ['rounds'] : []), ...cells];
  const answer = count
    ? `  int match = matches(ctx);
  __u32 key = match ? 0 : 1;
  struct counts *found = bpf_map_lookup_elem(&counts, &key);
  if (found) {
    found->packets++;
    found->bytes += ${length};
  }
  return match ? ${accept} : ${reject};`
    : `  return matches(ctx) ? ${accept} : ${reject};`;
  return `${about === undefined ? '' : `/* ${about.replaceAll('*/', '* /')} */\n`}#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* A read past the end of the packet rejects it. */
${usesEnd ? DIRECT : BY_HELPER}

${count ? COUNTERS : ''}static __attribute__((always_inline)) inline int matches(${context} *ctx) {
${usesEnd ? '  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;\n' : ''}  __u32 ${names.map((name) => `${name} = 0`).join(', ')};

${body.join('\n')}
}

SEC("${section}")
int filter(${context} *ctx) {
${answer}
}

char LICENSE[] SEC("license") = "${license}";
`;
}

function statements(program: Classic, hook: CHook): readonly string[] {
  const targets = new Set(program.flatMap((instruction, index) => targetsOf(instruction, index)));
  return program.flatMap((instruction, index) => [
    ...(targets.has(index) ? [`L${index}:`] : []),
    ...statement(instruction, index, hook).map((line) => `  ${line}`),
  ]);
}

const distance = (k: number): number => k | 0;

function targetsOf({ code, k, jt, jf }: Instruction, index: number): number[] {
  if (opcodes.classOf(code) !== opcodes.JMP) return [];
  return opcodes.isConditional(code) ? [index + 1 + jt, index + 1 + jf] : [index + 1 + distance(k)];
}

function statement(instruction: Instruction, index: number, hook: CHook): string[] {
  const { code, k, jt, jf } = instruction;
  const operand = opcodes.usesX(code) ? 'x' : `${k}u`;
  switch (opcodes.classOf(code)) {
    case opcodes.LD:
      return [`a = ${loaded(instruction, index, hook)};`];
    case opcodes.LDX:
      return [`x = ${loaded(instruction, index, hook)};`];
    case opcodes.ST:
      return [`m${k} = a;`];
    case opcodes.STX:
      return [`m${k} = x;`];
    case opcodes.ALU: {
      const operation = opcodes.operationOf(code);
      if (operation === opcodes.NEG) return ['a = -a;'];
      const line = `a = a ${OPERATORS[operation]} ${operand};`;
      if (operation === opcodes.DIV || operation === opcodes.MOD)
        return opcodes.usesX(code) ? ['if (x == 0)', '  return 0;', line] : [line];
      if (operation === opcodes.LSH || operation === opcodes.RSH)
        return [`a = ${operand} > 31 ? 0 : a ${OPERATORS[operation]} ${operand};`];
      return [line];
    }
    case opcodes.JMP: {
      const go = (to: number): string[] =>
        to > index ? [`  goto L${to};`] : [`  if (++rounds > ${ROUNDS})`, '    return 0;', `  goto L${to};`];
      if (!opcodes.isConditional(code))
        return go(index + 1 + distance(k)).map((line) => line.replace(/^ {2}/, ''));
      const test = `a ${COMPARISONS[opcodes.operationOf(code)]} ${operand}`;
      return [`if (${test})`, ...go(index + 1 + jt), 'else', ...go(index + 1 + jf)];
    }
    case opcodes.RET: {
      const isA = (code & 0x18) === opcodes.A;
      return [isA ? 'return a != 0;' : `return ${k === 0 ? 0 : 1};`];
    }
    default:
      return [opcodes.operationOf(code & 0xf8) === opcodes.TXA || (code & 0x80) !== 0 ? 'a = x;' : 'x = a;'];
  }
}

function loaded({ code, k }: Instruction, index: number, hook: CHook): string {
  const size = opcodes.sizeOf(code);
  const load = (at: string): string => `LOAD(${TYPES[size]}, ${SWAPS[size]}, ${at})`;
  switch (opcodes.modeOf(code)) {
    case opcodes.IMM:
      return `${k}u`;
    case opcodes.MEM:
      return `m${k}`;
    case opcodes.LEN:
      return hook === 'xdp' ? '(__u32)(end - data)' : 'ctx->len';
    case opcodes.MSH:
      return `4 * (LOAD(__u8, , ${k}u) & 0xf)`;
    case opcodes.IND:
      return load(`(__u32)(x + ${k}u)`);
    default: {
      const extension = opcodes.classOf(code) === opcodes.LD ? extensionAt(k) : undefined;
      if (extension === undefined) return load(`${k}u`);
      const field = hook === 'xdp' ? undefined : FIELDS[extension.name];
      if (field === undefined)
        throw new LiftError('no-equivalent', index, `programs of ${hook} in C do not see ${extension.name}`);
      return field;
    }
  }
}
