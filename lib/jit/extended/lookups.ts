/**
 * Look-ups in maps as functions of WebAssembly: what maps.ts and keyTable.ts of the machine do, over the same tables, so that
 * verified programs need not leave compiled code for them. A function takes the address of a key and gives that of its
 * value, or 0.
 */

import { type BpfMap, HEAD, NODE, SPREAD } from '../../ebpf/index.js';
import { CodeWriter, type DefinedFunction, type InstructionName } from '../../wasm/index.js';

type Keyed = Extract<BpfMap, { readonly keys: object }>;

/** Words of keys that are looked up here. */
const MOST_WORDS = 16;
const KEYED: ReadonlySet<string> = new Set(['hash', 'perCpuHash', 'lruHash', 'lruPerCpuHash', 'lpmTrie']);

/** The function of a map; `undefined` for those that the host looks in. */
export function lookupFunction(map: BpfMap): DefinedFunction | undefined {
  if (map.kind === 'array' || map.kind === 'perCpuArray') {
    const { values, stride, maxEntries } = map;
    const code = new CodeWriter();
    code.get(KEY).op('i32.load').tee(KEY).i32(maxEntries).op('i32.lt_u').op('if');
    code.get(KEY).i32(stride).op('i32.mul').i32(values.base).op('i32.add').op('return').op('end').i32(0);
    return named(map, code, 1);
  }
  if (!('keys' in map) || !KEYED.has(map.kind) || !map.keys.isShared) return undefined;
  if (map.keys.probe.length > MOST_WORDS) return undefined;
  return map.kind === 'lpmTrie' ? prefixLookup(map) : hashLookup(map);
}

/** Locals; the words of the key come last. */
const [KEY, PLACE, NODE_AT, ROW, REST, OLDER, NEWER, WORDS] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const NAMES = ['key', 'place', 'node', 'row', 'rest', 'older', 'newer'];

const named = ({ name }: BpfMap, code: CodeWriter, count: number): DefinedFunction => ({
  name: `lookup_${name}`,
  params: [{ name: 'key', type: 'i32' }],
  results: ['i32'],
  locals: [...NAMES.slice(1), ...Array.from({ length: count }, (_, at) => `word${at}`)].map((local) => ({
    name: local,
    type: 'i32',
  })),
  body: code.bytes,
});

function hashLookup(map: Keyed): DefinedFunction {
  const code = new CodeWriter();
  const count = map.keys.probe.length;
  loadKey(map, code);
  emitFind(map, code, WORDS, () => {
    if (map.kind.startsWith('lru')) emitUse(map, code);
  });
  code.i32(0);
  return named(map, code, count);
}

/** The longest prefix: row by row of the table of masks. */
function prefixLookup(map: Keyed): DefinedFunction {
  const code = new CodeWriter();
  const { probe } = map.keys;
  const [longest, masked] = [WORDS, WORDS + probe.length];
  const rows = map.masks!.base;
  loadKey(map, code);
  code
    .get(longest)
    .i32(map.prefixes.length - 1)
    .op('i32.gt_u')
    .op('if')
    .i32(0)
    .op('return')
    .op('end');
  code
    .i32(rows)
    .op('i32.load')
    .set(REST)
    .i32(rows + 4)
    .set(ROW);
  code.op('block').op('loop').get(REST).op('i32.eqz').op('br_if', 1);
  code.get(ROW).op('i32.load').tee(masked).get(longest).op('i32.le_u').op('if');
  for (let word = 1; word < probe.length; word++)
    code
      .get(ROW)
      .op('i32.load', 4 * word)
      .get(longest + word)
      .op('i32.and')
      .set(masked + word);
  emitFind(map, code, masked, () => {});
  code
    .op('end')
    .get(ROW)
    .i32(4 * probe.length)
    .op('i32.add')
    .set(ROW);
  code.get(REST).i32(1).op('i32.sub').set(REST).op('br', 0).op('end').op('end').i32(0);
  return named(map, code, 2 * probe.length);
}

/** The words of the key, the last one filled up with zeros. */
function loadKey({ keySize }: Keyed, code: CodeWriter): void {
  const load = (name: InstructionName, at: number): void => {
    code.get(KEY).op(name, at);
  };
  for (let at = 0; at < keySize; at += 4) {
    const rest = keySize - at;
    if (rest >= 4) load('i32.load', at);
    else if (rest === 1) load('i32.load8_u', at);
    else load('i32.load16_u', at);
    if (rest === 3) {
      load('i32.load8_u', at + 2);
      code.i32(16).op('i32.shl').op('i32.or');
    }
    code.set(WORDS + at / 4);
  }
}

/** Returns the address of the value of the key in the locals from `words` on; goes on where there is none. */
function emitFind({ keys, values, stride }: Keyed, code: CodeWriter, words: number, found: () => void): void {
  const heads = keys.headRegion.base;
  keys.probe.forEach((_, at) => {
    if (at > 0)
      code
        .get(PLACE)
        .get(words + at)
        .op('i32.xor');
    else code.get(words);
    code
      .i32(SPREAD | 0)
      .op('i32.mul')
      .tee(PLACE)
      .get(PLACE)
      .i32(15)
      .op('i32.shr_u')
      .op('i32.xor')
      .set(PLACE);
  });
  code
    .get(PLACE)
    .i32(heads + 4 * HEAD.mask)
    .op('i32.load')
    .op('i32.and')
    .i32(2)
    .op('i32.shl');
  code.op('i32.load', heads + 4 * HEAD.first).set(PLACE);
  code.op('block').op('loop').get(PLACE).i32(-1).op('i32.eq').op('br_if', 1);
  emitNodeOf(keys, code, PLACE, NODE_AT);
  keys.probe.forEach((_, at) => {
    code
      .get(NODE_AT)
      .op('i32.load', 4 * (NODE.key + at))
      .get(words + at)
      .op('i32.xor');
    if (at > 0) code.op('i32.or');
  });
  code.op('i32.eqz').op('if');
  found();
  code.get(PLACE).i32(stride).op('i32.mul').i32(values.base).op('i32.add').op('return').op('end');
  code
    .get(NODE_AT)
    .op('i32.load', 4 * NODE.next)
    .set(PLACE)
    .op('br', 0)
    .op('end')
    .op('end');
}

function emitNodeOf(
  { nodeRegion, stride }: Keyed['keys'],
  code: CodeWriter,
  place: number,
  node: number,
): void {
  code
    .get(place)
    .i32(4 * stride)
    .op('i32.mul')
    .i32(nodeRegion.base)
    .op('i32.add')
    .set(node);
}

/** Makes the key at the place the one last used. */
function emitUse({ keys }: Keyed, code: CodeWriter): void {
  const heads = keys.headRegion.base;
  const head = (word: number): CodeWriter => code.i32(heads + 4 * word);
  /** Puts what is in a local into a word of the node of a place, or of the heads where there is none. */
  const put = (place: number, word: number, otherwise: number, value: number): void => {
    code.get(place).i32(-1).op('i32.eq').op('if');
    head(otherwise).get(value).op('i32.store').op('else');
    emitNodeOf(keys, code, place, ROW);
    code
      .get(ROW)
      .get(value)
      .op('i32.store', 4 * word)
      .op('end');
  };
  head(HEAD.newest).op('i32.load').get(PLACE).op('i32.ne').op('if');
  code
    .get(NODE_AT)
    .op('i32.load', 4 * NODE.older)
    .set(OLDER);
  code
    .get(NODE_AT)
    .op('i32.load', 4 * NODE.newer)
    .set(NEWER);
  put(OLDER, NODE.newer, HEAD.oldest, NEWER);
  put(NEWER, NODE.older, HEAD.newest, OLDER);
  head(HEAD.newest).op('i32.load').set(OLDER);
  code
    .get(NODE_AT)
    .get(OLDER)
    .op('i32.store', 4 * NODE.older);
  code
    .get(NODE_AT)
    .i32(-1)
    .op('i32.store', 4 * NODE.newer);
  put(OLDER, NODE.newer, HEAD.oldest, PLACE);
  head(HEAD.newest).get(PLACE).op('i32.store').op('end');
}
