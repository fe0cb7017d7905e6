/**
 * Passing over packets that concern no rule, in WebAssembly: the parts that packets have fallen into so far, and the flags of
 * their tables. Whatever may concern a rule is left to {@link LinkRules.find}, and so is what no packet was like yet.
 */

import { BETWEEN, compileWalk, type FilterBody, WalkMemory, WORTH_COMPILING } from '../jit/index.js';
import type { Accelerator, RecordLayout, RecordWalk, Taking, WalkState } from '../savefile/index.js';
import type { CodeWriter } from '../wasm/index.js';
import type { Fork, Leaf } from './dispatch.js';
import type { Field } from './field.js';
import { dispatchOf, type LinkRules, packetsOf, type RuleSet } from './ruleSet.js';
import { FACTOR, SECOND_FACTOR, shiftOf, type Table } from './table.js';

/** Bytes of tables at most, of all walks of a capture. */
const MOST_TABLES = 1 << 22;
/** Packets that are asked one by one before it is known what packets are like. */
const FEW = 2000;

/**
 * Speeds up a scan that selects with rules. For one capture.
 *
 * @param rules - Those that the scan's tests ask.
 */
export function rulesAccelerator(rules: RuleSet): Accelerator {
  const shared = new WalkMemory(MOST_TABLES);
  const walks = new Map<string, RecordWalk>();
  /** Where tables are put next: those of walks that are not used any more stay. */
  let free = BETWEEN;
  const compiled = (root: Leaf | Fork, layout: RecordLayout, takes: Taking): RecordWalk | undefined => {
    const { memory, place } = shared;
    const { body, tables } = skippingBody(root, free);
    if (memory === undefined || free + tables.length > place.window) return undefined;
    new Uint8Array(memory.buffer, free).set(tables);
    free += tables.length;
    return compileWalk(body, layout, takes, memory, place);
  };
  return {
    worthFrom: WORTH_COMPILING,
    grow: (bytes, size) => shared.grow(bytes, size),
    places: () => shared.places(),
    walkFor(layout, source, takes) {
      const key = JSON.stringify([layout, source.linkType, source.bigEndian, takes]);
      let walk = walks.get(key);
      if (walk === undefined) {
        walk = growing(
          () => rules.known(source),
          (root) => compiled(root, layout, takes),
        );
        walks.set(key, walk);
      }
      return walk;
    },
  };
}

/** A walk that is made when it is known what packets are like, and made anew when others have turned up. */
function growing(
  known: () => LinkRules | undefined,
  compiled: (root: Leaf | Fork) => RecordWalk | undefined,
): RecordWalk {
  let asked: LinkRules | undefined;
  let walk: RecordWalk | undefined;
  let leaves = 0;
  let due = FEW;
  const go = (state: WalkState): void => {
    // Whether the rules have a meaning is for the first packet to tell.
    asked ??= known();
    if (asked === undefined) return;
    if (packetsOf(asked) >= due) {
      due = 2 * packetsOf(asked);
      const dispatch = dispatchOf(asked);
      if (dispatch.leaves !== leaves) walk = compiled(dispatch.root) ?? walk;
      ({ leaves } = dispatch);
    }
    walk?.(state);
  };
  // To ask the rules about one packet takes longer than a call.
  return Object.assign(go, { few: 1 });
}

/**
 * The test for packets that may concern a rule, as a body for a walk, and its tables.
 *
 * @param root - What is known of the rules so far.
 * @param base - Address of the tables.
 */
function skippingBody(
  root: Leaf | Fork,
  base: number,
): { readonly body: FilterBody; readonly tables: Uint8Array } {
  const tables = new Tables(base);
  collect(root, tables);
  const body: FilterBody = {
    locals: LOCALS.map((name) => ({ name, type: 'i32' })),
    maxLength: 0xffff_ffff,
    isDoubtful: true,
    emit: (place) => new Emission(place, tables).node(root),
  };
  return { body, tables: tables.bytes() };
}

type Place = Parameters<FilterBody['emit']>[0];

/** Tables one behind the other, each once. */
class Tables {
  private length = 0;
  private readonly base: number;
  private readonly offsets = new Map<Uint8Array | Int32Array, number>();
  private readonly bits = new Map<Uint8Array, Uint8Array>();

  constructor(base: number) {
    this.base = base;
  }

  add(table: Uint8Array | Int32Array): void {
    if (this.offsets.has(table)) return;
    this.offsets.set(table, this.length);
    this.length += table.byteLength;
  }

  addressOf(table: Uint8Array | Int32Array): number {
    return this.base + this.offsets.get(table)!;
  }

  /** Flags as bits, an eighth as long. */
  packed(flags: Uint8Array): Uint8Array {
    let packed = this.bits.get(flags);
    if (packed !== undefined) return packed;
    packed = new Uint8Array(Math.ceil(flags.length / 8));
    for (let at = 0; at < flags.length; at++) if (flags[at] !== 0) packed[at >>> 3]! |= 1 << (at & 7);
    this.bits.set(flags, packed);
    return packed;
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    for (const [{ buffer, byteOffset, byteLength }, at] of this.offsets)
      bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    return bytes;
  }
}

/** A leaf asks only its tables: what it accepts or asks beside them concerns every packet. */
const isSkippable = ({ accepts, asks }: Leaf): boolean => accepts.length === 0 && asks.length === 0;

function collect(node: Leaf | Fork, tables: Tables): void {
  if (node.kind === 'leaf') {
    if (!isSkippable(node)) return;
    for (const { fronts } of node.tables) {
      const { byValue, byHash, byBlock, byHalf } = fronts;
      if (byHash !== undefined) tables.add(byHash);
      if (byBlock !== undefined) tables.add(byBlock);
      for (const flags of [byValue, byHalf]) if (flags !== undefined) tables.add(tables.packed(flags));
    }
    return;
  }
  tables.add(node.places);
  for (const part of [...node.parts, node.short]) if (part !== undefined) collect(part, tables);
}

const LOCALS = ['value', 'at', 'hits', 'hash'] as const;
const [VALUE, AT, HITS, HASH] = [0, 1, 2, 3] as const;

class Emission {
  private readonly place: Place;
  private readonly code: CodeWriter;
  private readonly tables: Tables;

  constructor(place: Place, tables: Tables) {
    this.place = place;
    this.code = place.code;
    this.tables = tables;
  }

  node(node: Leaf | Fork | undefined): void {
    if (node === undefined || (node.kind === 'leaf' && !isSkippable(node))) this.leave(1);
    else if (node.kind === 'leaf') this.leaf(node);
    else this.fork(node);
  }

  private fork(node: Fork): void {
    const { code } = this;
    const { field, places, parts, short } = node;
    code.op('block');
    this.orLeave(field);
    const known = [...parts.keys()].filter((at) => parts[at] !== undefined);
    for (const _ of known) code.op('block');
    code.op('block');
    this.read(field);
    code.get(this.local(VALUE)).op('i32.load8_u', this.tables.addressOf(places));
    // Out of the innermost block: no packet was like that so far.
    code.table(
      Array.from({ length: Math.max(...known, 0) + 1 }, (_, at) => known.indexOf(at) + 1),
      0,
    );
    code.op('end');
    this.leave(1);
    for (const at of known) {
      code.op('end');
      this.node(parts[at]);
    }
    code.op('end');
    this.node(short);
  }

  private local(number: number): number {
    return this.place.firstLocal + number;
  }

  private leave(verdict: number): void {
    this.code.i32(verdict);
    this.place.finish();
  }

  /** Puts the address of the field into a local; leaves the block around where the packet ends before it. */
  private orLeave({ header, offset, size }: Field): void {
    const { code, place } = this;
    const at = this.local(AT);
    if (header < 0) {
      code
        .get(place.length)
        .i32(offset + size)
        .op('i32.lt_u')
        .op('br_if', 0);
      code.get(place.start).i32(offset).op('i32.add').set(at);
      return;
    }
    code.get(place.length).i32(header).op('i32.le_u').op('br_if', 0);
    code.get(place.start).op('i32.load8_u', header).i32(15).op('i32.and').i32(2).op('i32.shl');
    code.get(place.start).op('i32.add').i32(offset).op('i32.add').tee(at);
    code.i32(size).op('i32.add').get(place.start).get(place.length).op('i32.add').op('i32.gt_u');
    code.op('br_if', 0);
  }

  /** Puts the field's value into a local, first byte first. */
  private read({ size }: Field): void {
    const { code } = this;
    const [at, value] = [this.local(AT), this.local(VALUE)];
    code.get(at);
    if (size === 1) code.op('i32.load8_u').set(value);
    else if (size === 2) {
      code.op('i32.load16_u').tee(value).i32(8).op('i32.shr_u');
      code.get(value).i32(255).op('i32.and').i32(8).op('i32.shl').op('i32.or').set(value);
    } else {
      code.op('i32.load').tee(value).i32(8).op('i32.rotl').i32(0x00ff00ff).op('i32.and');
      code.get(value).i32(8).op('i32.rotr').i32(0xff00ff00).op('i32.and').op('i32.or').set(value);
    }
  }

  private leaf({ tables }: Leaf): void {
    const { code } = this;
    const hits = this.local(HITS);
    code.i32(0).set(hits);
    for (const table of tables) {
      code.op('block');
      this.orLeave(table.field);
      this.read(table.field);
      code.get(hits);
      this.flags(table);
      code.op('i32.or').set(hits).op('end');
    }
    code.get(hits);
    this.place.finish();
  }

  /** Whether anybody may want the value, as in `loadHits`. */
  private flags(table: Table): void {
    const { byValue, byHash, byBlock, byHalf } = table.fronts;
    const tests = [
      byValue && (() => this.bit(byValue, 0)),
      byHash && (() => this.hashed(byHash)),
      byBlock && (() => this.eights(byBlock)),
      byHalf && (() => this.bit(byHalf, 16)),
    ].filter((one) => one !== undefined);
    for (const [place, test] of tests.entries()) {
      test();
      if (place > 0) this.code.op('i32.or');
    }
  }

  private shifted(shift: number): void {
    this.code.get(this.local(VALUE));
    if (shift > 0) this.code.i32(shift).op('i32.shr_u');
  }

  /** Leaves a hash in its local. */
  private hash(shift: number): void {
    this.shifted(shift);
    const { code } = this;
    const hash = this.local(HASH);
    code.i32(FACTOR).op('i32.mul').tee(hash).get(hash).i32(15).op('i32.shr_u').op('i32.xor');
    code.i32(SECOND_FACTOR).op('i32.mul').set(hash);
  }

  private hashed(flags: Uint8Array): void {
    const { code } = this;
    const hash = this.local(HASH);
    this.hash(0);
    code.get(hash).i32(shiftOf(flags)).op('i32.shr_u').op('i32.load8_u', this.tables.addressOf(flags));
    code
      .get(hash)
      .i32(shiftOf(flags) - 3)
      .op('i32.shr_u')
      .i32(7)
      .op('i32.and');
    code.op('i32.shr_u').i32(1).op('i32.and');
  }

  private eights(flags: Int32Array): void {
    const { code } = this;
    this.hash(8);
    code
      .get(this.local(HASH))
      .i32(shiftOf(flags))
      .op('i32.shr_u')
      .i32(2)
      .op('i32.shl')
      .op('i32.load', this.tables.addressOf(flags));
    this.shifted(3);
    // Shifts go by the last five bits.
    code.op('i32.shr_u').i32(1).op('i32.and');
  }

  private bit(flags: Uint8Array, shift: number): void {
    const { code } = this;
    this.shifted(shift + 3);
    code.op('i32.load8_u', this.tables.addressOf(this.tables.packed(flags)));
    this.shifted(shift);
    code.i32(7).op('i32.and').op('i32.shr_u').i32(1).op('i32.and');
  }
}
