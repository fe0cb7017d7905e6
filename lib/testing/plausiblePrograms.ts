/**
 * Test support: random eBPF programs that a verifier often admits, and often only just.
 *
 * They do what real ones do (compare, spill, walk the packet behind a check, index the stack with a
 * number that was limited, call functions, loop a bounded number of times), on registers whose kind is
 * kept track of loosely: numbers that decide an access differ from path to path.
 */

import { encode } from '../ebpf/encode.js';
import type { Instruction, Program } from '../ebpf/instruction.js';
import type { AluOperation, BranchOperation, Size, Width } from '../ebpf/opcodes.js';
import type { VerifiedType } from '../verify/index.js';
import type { Random } from './random.js';

/** An instruction whose jump goes to another one of the list, by number. */
interface Step {
  readonly instruction: Instruction;
  to?: number;
}
type Kind = 'number' | 'packet' | 'end' | 'stack' | 'context' | 'nothing';

const CONTEXT = 6;
const SIZES: readonly Size[] = [1, 2, 4, 8];
const ALUS: readonly AluOperation[] = [
  'add',
  'sub',
  'and',
  'or',
  'xor',
  'mul',
  'lsh',
  'rsh',
  'arsh',
  'div',
  'mod',
  'neg',
];
const BRANCHES: readonly BranchOperation[] = [
  'jeq',
  'jne',
  'jgt',
  'jge',
  'jlt',
  'jle',
  'jsgt',
  'jsge',
  'jslt',
  'jsle',
  'jset',
];
const SMALL = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 40, 63, 64, 100, 255, 256, -1, -2, -4, -8, -16, -24, -64, -504, -512, -520,
];

/** A program for a hook; the same for the same random numbers. */
export function plausibleProgram(random: Random, type: VerifiedType): Program {
  const writer = new Writer(random, type);
  writer.prologue();
  writer.body(3 + random(random(3) === 0 ? 30 : 10), 0);
  writer.epilogue();
  return writer.finish();
}

class Writer {
  private readonly steps: Step[] = [];
  private kinds: Kind[] = Array.from({ length: 11 }, () => 'nothing');
  /** Jumps to the end. */
  private readonly exits: Step[] = [];
  private readonly calls: Step[] = [];
  private isFunction = false;
  private readonly random: Random;
  private readonly type: VerifiedType;
  private readonly caution: number;

  constructor(random: Random, type: VerifiedType) {
    this.random = random;
    this.caution = random(4);
    this.type = type;
  }

  prologue(): void {
    this.kinds[1] = 'context';
    this.kinds[10] = 'stack';
    this.move(CONTEXT, 1);
    if (this.hasPacket) {
      const [data, end] = this.type === 'xdp' ? [0, 4] : [76, 80];
      this.load(4, 7, CONTEXT, data, 'packet');
      this.load(4, 8, CONTEXT, end, 'end');
    }
    this.set(0, this.pick(SMALL));
    this.context(9);
    for (let count = this.random(3); count > 0; count--) this.set(this.random(6), this.pick(SMALL));
  }

  body(length: number, depth: number): void {
    for (let i = 0; i < length; i++) this.something(depth);
  }

  epilogue(): void {
    for (const step of this.exits) step.to = this.steps.length;
    if (this.random(12) !== 0) this.set(0, this.random(4));
    this.add({ kind: 'exit' });
    if (this.calls.length > 0) this.functionBody();
  }

  finish(): Program {
    const places: number[] = [];
    let place = 0;
    for (const { instruction } of this.steps) {
      places.push(place);
      place += instruction.kind === 'wide' ? 2 : 1;
    }
    return this.steps.flatMap(({ instruction, to }, index) => {
      if (to === undefined || !('distance' in instruction)) return encode(instruction);
      return encode({ ...instruction, distance: (places[to] ?? place) - places[index]! - 1 });
    });
  }

  /** Whether the next access is checked as it should be. */
  private get isCareful(): boolean {
    return this.caution !== 0 && this.random(40) !== 0;
  }

  private get hasPacket(): boolean {
    return this.type !== 'socket_filter' && !this.isFunction;
  }

  private functionBody(): void {
    const start = this.steps.length;
    for (const step of this.calls.splice(0)) step.to = start;
    this.isFunction = true;
    this.kinds = Array.from({ length: 11 }, () => 'nothing');
    this.kinds[1] = 'number';
    this.kinds[2] = 'stack';
    this.kinds[10] = 'stack';
    this.set(0, this.pick(SMALL));
    if (this.random(2) === 0) this.move(9, 1);
    this.exits.length = 0;
    this.body(2 + this.random(8), 1);
    for (const step of this.exits) step.to = this.steps.length;
    if (this.random(2) === 0) this.move(0, this.of('number'));
    this.add({ kind: 'exit' });
  }

  /** One of the things that programs do. */
  private something(depth: number): void {
    const { random } = this;
    const { type } = this;
    const things: readonly (() => void)[] = [
      () => this.set(this.target(), this.pick(SMALL)),
      () => this.move(this.target(), random(30) === 0 ? random(11) : this.of('number')),
      () => this.compute(),
      () => this.compute(),
      () => this.context(this.target()),
      () => this.choose(),
      () => this.choose(),
      () => this.compare(depth),
      () => this.compare(depth),
      () => this.spill(),
      () => this.spill(),
      () => this.indexStack(),
      () => this.indexStack(),
      () => (this.hasPacket ? this.readPacket() : this.readCopy()),
      () => (this.hasPacket ? this.readPacket() : this.readCopy()),
      () => (type === 'xdp' ? this.compare(depth) : this.readCopy()),
      () => (depth === 0 ? this.loop() : this.compute()),
      () => (depth === 0 && random(2) === 0 ? this.call() : this.helper()),
    ];
    this.pick(things)();
  }

  private compute(): void {
    const { random } = this;
    const op = this.pick(ALUS);
    const width: Width = random(2) === 0 ? 64 : 32;
    const dst = random(60) === 0 ? random(10) : this.of('number');
    const isShift = op === 'lsh' || op === 'rsh' || op === 'arsh';
    const constant = op === 'neg' ? 0 : isShift ? random(width) : this.pick(SMALL) || 1;
    const isConstant = op === 'neg' || isShift || random(2) === 0;
    const operand = isConstant ? { constant } : { register: this.of('number') };
    this.add({ kind: 'alu', op, width, dst, operand });
  }

  /** A number that depends on a comparison with something unknown. */
  private choose(): void {
    const dst = this.target();
    this.set(dst, this.pick(SMALL));
    const over = this.branch(this.of('number'));
    this.set(dst, this.pick(SMALL));
    over.to = this.steps.length;
  }

  private compare(depth: number): void {
    const step = this.branch(this.of('number'));
    if (this.random(3) === 0) {
      this.exits.push(step);
      return;
    }
    const before = this.kinds.slice();
    this.body(1 + this.random(3), depth + 1);
    step.to = this.steps.length;
    this.kinds = this.kinds.map((kind, register) => (kind === before[register] ? kind : 'nothing'));
  }

  private branch(dst: number): Step {
    const { random } = this;
    const operand = random(3) === 0 ? { register: this.of('number') } : { constant: this.pick(SMALL) };
    const width: Width = random(2) === 0 ? 64 : 32;
    return this.add({ kind: 'branch', op: this.pick(BRANCHES), width, dst, operand, distance: 0 });
  }

  private spill(): void {
    const { random } = this;
    const size = random(3) === 0 ? this.pick(SIZES) : 8;
    const offset = -8 * (1 + random(4));
    const base = this.kinds[2] === 'stack' && this.isFunction && random(3) === 0 ? 2 : 10;
    const src = random(20) === 0 ? random(11) : this.of('number');
    const operand = random(4) === 0 ? { constant: this.pick(SMALL) } : { register: src };
    this.add({ kind: 'store', size, base, offset, operand });
    if (random(2) === 0) this.body(1, 2);
    const back = random(4) === 0 ? this.pick(SIZES) : size;
    const kind = size === 8 && back === 8 && 'register' in operand ? this.kinds[src]! : 'number';
    this.load(back, this.target(), base, offset, kind);
  }

  /** An access to the stack at a place that a number decides. */
  private indexStack(): void {
    const { random } = this;
    const number = this.of('number');
    const [pointer, base] = [this.target(), this.isFunction && random(2) === 0 ? 2 : 10];
    const mask = this.pick([7, 15, 56, 63, 248]);
    const way = this.isCareful ? 0 : random(4);
    if (way < 2) this.and(number, mask);
    else if (way === 2) this.exits.push(this.limit(number));
    this.move(pointer, base);
    if (pointer === number) return;
    this.add({ kind: 'alu', op: 'add', width: 64, dst: pointer, operand: { register: number } });
    const offset = -(this.isCareful ? (mask | 7) + 1 : this.pick([0, 1, 8, 16, 64, 72, 256, 264, 512]));
    const size = (this.isCareful ? mask % 8 !== 0 : random(2) === 0) ? 1 : this.pick(SIZES);
    if (random(2) === 0) this.add({ kind: 'store', size, base: pointer, offset, operand: { constant: 1 } });
    else this.load(size, this.target(), pointer, offset, 'number');
  }

  private and(dst: number, constant: number): void {
    this.add({ kind: 'alu', op: 'and', width: 64, dst, operand: { constant } });
  }

  private limit(dst: number): Step {
    const op = this.pick<BranchOperation>(['jgt', 'jge', 'jsgt', 'jlt', 'jslt']);
    const width: Width = this.random(3) === 0 ? 32 : 64;
    const constant = this.pick([7, 8, 63, 64, 255, 256, 512]);
    return this.add({ kind: 'branch', op, width, dst, operand: { constant }, distance: 0 });
  }

  /** Bytes behind a comparison with the end, sometimes one too many. */
  private readPacket(): void {
    const { random } = this;
    const at = this.of('packet');
    const end = this.of('end');
    const probe = this.target();
    const bytes = 1 + random(40);
    if (random(3) === 0 && at !== 7) {
      const number = this.of('number');
      this.add({
        kind: 'alu',
        op: 'and',
        width: 64,
        dst: number,
        operand: { constant: this.pick([15, 60, 63, 255]) },
      });
      // Sometimes a copy is moved, beside one that was moved by another number.
      const moved = random(3) === 0 ? this.target() : at;
      if (moved !== at) this.move(moved, at);
      this.add({ kind: 'alu', op: 'add', width: 64, dst: moved, operand: { register: number } });
      if (random(6) === 0) this.load(1, this.target(), moved, random(8), 'number');
    }
    if (random(3) === 0) this.move(this.target(), 7);
    this.move(probe, at);
    this.add({ kind: 'alu', op: 'add', width: 64, dst: probe, operand: { constant: bytes } });
    const op = this.isCareful ? 'jgt' : this.pick<BranchOperation>(['jgt', 'jge', 'jlt', 'jle']);
    const step = this.add({
      kind: 'branch',
      op,
      width: 64,
      dst: probe,
      operand: { register: end },
      distance: 0,
    });
    if (random(2) === 0) this.exits.push(step);
    const size = this.pick(SIZES);
    const offset = Math.max(0, bytes - size - random(3) + (this.isCareful ? 0 : random(2)));
    // Now and then through another address than the one that was compared.
    let through = random(8) === 0 ? this.of('packet') : at;
    const back = random(6) === 0 ? random(12) : 0;
    const ahead = random(3) === 0 ? 0 : back;
    if (back > 0) {
      this.move(probe, through);
      through = probe;
      this.add({ kind: 'alu', op: 'sub', width: 64, dst: probe, operand: { constant: back } });
    }
    if (random(4) === 0)
      this.add({ kind: 'store', size, base: through, offset: offset + ahead, operand: { constant: 7 } });
    else this.load(size, this.target(), through, offset + ahead, 'number');
    step.to ??= this.steps.length;
  }

  /** Bytes of the packet by LD_ABS, LD_IND or `skb_load_bytes`. */
  private readCopy(): void {
    const { random } = this;
    if (this.type === 'xdp' || this.isFunction) {
      this.helper();
      return;
    }
    if (random(2) === 0) {
      const index = random(2) === 0 ? this.of('number') : undefined;
      this.add({ kind: 'packet', size: this.pick([1, 2, 4]), index, offset: random(64) });
    } else {
      const size = this.of('number');
      const down = this.isCareful ? 64 : 8 * (1 + random(8));
      if (!this.isCareful && random(2) === 0) this.exits.push(this.limit(size));
      else
        this.add({
          kind: 'alu',
          op: 'and',
          width: 64,
          dst: size,
          operand: { constant: this.pick([7, 31, 63]) },
        });
      if (this.isCareful || random(2) === 0)
        this.add({ kind: 'alu', op: 'add', width: 64, dst: size, operand: { constant: 1 } });
      this.move(4, size);
      this.move(1, CONTEXT);
      this.set(2, random(40));
      this.move(3, 10);
      this.add({ kind: 'alu', op: 'add', width: 64, dst: 3, operand: { constant: -down } });
      this.add({ kind: 'call', helper: 26 });
    }
    this.forget();
  }

  private helper(): void {
    this.add({ kind: 'call', helper: this.pick([5, 7, 8]) });
    this.forget();
  }

  private call(): void {
    this.move(1, this.of('number'));
    this.move(2, 10);
    if (this.random(2) === 0)
      this.add({ kind: 'alu', op: 'add', width: 64, dst: 2, operand: { constant: -8 * this.random(5) } });
    this.calls.push(this.add({ kind: 'callLocal', distance: 0 }));
    this.forget();
  }

  private loop(): void {
    const { random } = this;
    const counter = this.target();
    this.set(counter, 1 + random(5));
    const start = this.steps.length;
    const before = this.kinds[counter];
    this.kinds[counter] = 'end';
    this.body(1 + random(3), 2);
    this.kinds[counter] = before!;
    this.add({ kind: 'alu', op: 'sub', width: 64, dst: counter, operand: { constant: 1 } });
    const back = this.add({
      kind: 'branch',
      op: 'jne',
      width: 64,
      dst: counter,
      operand: { constant: 0 },
      distance: 0,
    });
    back.to = start;
  }

  private context(dst: number): void {
    if (this.isFunction) this.set(dst, this.pick(SMALL));
    else if (this.type === 'xdp') this.hidden(dst);
    else this.load(4, dst, CONTEXT, this.pick([0, 4, 8, 48]), 'number');
  }

  /** XDP's context has nothing that varies here: a number that an atomic operation has been over. */
  private hidden(dst: number): void {
    const [size, base, offset] = [8, 10, -96] as const;
    this.add({ kind: 'store', size, base, offset, operand: { constant: this.pick(SMALL) } });
    this.set(dst, 0);
    this.add({ kind: 'atomic', op: 'add', fetch: false, size, base, offset, src: dst });
    this.load(size, dst, base, offset, 'number');
  }

  private forget(): void {
    for (let register = 1; register <= 5; register++) this.kinds[register] = 'nothing';
    this.kinds[0] = 'number';
  }

  /** A register to write: not the context's, seldom one of the packet's. */
  private target(): number {
    const register = this.pick([0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 9, 9, 9, 7]);
    return this.kinds[register] === 'end' || (register === 7 && this.random(4) !== 0) ? 0 : register;
  }

  /** A register that seems to hold such a thing. */
  private of(kind: Kind): number {
    const found = this.kinds.flatMap((is, register) => (is === kind ? [register] : []));
    if (found.length > 0) return this.pick(found);
    return kind === 'number' ? 0 : this.random(10);
  }

  private set(dst: number, constant: number): void {
    this.add({ kind: 'alu', op: 'mov', width: 64, dst, operand: { constant } });
    this.kinds[dst] = 'number';
  }

  private move(dst: number, src: number): void {
    this.add({ kind: 'alu', op: 'mov', width: 64, dst, operand: { register: src } });
    this.kinds[dst] = this.kinds[src]!;
  }

  private load(size: Size, dst: number, base: number, offset: number, kind: Kind): void {
    this.add({ kind: 'load', size, signExtend: false, dst, base, offset });
    this.kinds[dst] = kind;
  }

  private add(instruction: Instruction): Step {
    const step: Step = { instruction };
    this.steps.push(step);
    return step;
  }

  private pick<Item>(items: readonly Item[]): Item {
    return items[this.random(items.length)]!;
  }
}
