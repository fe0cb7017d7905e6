/**
 * Seeded unsoundness: each part of the verifier is made wrong in one place, and the properties have to notice.
 *
 * A mistake is a piece of a file's compiled text and what stands there instead; the folder is copied with
 * the one change and loaded beside the right one. Transfer functions must then lose a result. For the rest,
 * random programs must do harm, or be admitted although a walk over all paths, or the right
 * verifier, refuses them.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import test from 'ava';
import { assemble, type Program } from '../ebpf/index.js';
import { changedRoom, fileOf } from '../testing/changedRoom.js';
import { GLOBAL_CASES, HELD_CASES, nestedLoops } from '../testing/judge/cases.js';
import { optionsOf } from '../testing/judge/judge.js';
import { packetProgram } from '../testing/packetPrograms.js';
import { plausibleProgram } from '../testing/plausiblePrograms.js';
import { generator, type Random } from '../testing/random.js';
import { unsafety } from '../testing/safety.js';
import { tangledProgram } from '../testing/tangledPrograms.js';
import { CHECKS, type Transfer, transferFault } from '../testing/transferChecks.js';
import { fullRun } from '../testing/vectors.js';
import { assume } from './numbers/branch.js';
import { includes, normalize, zeroExtended } from './numbers/scalar.js';
import { alu, moveSigned, swap } from './numbers/transfer.js';
import type { VerifiedType } from './rules/context.js';
import { verifyObserved } from './walk/verifier.js';

const here = fileURLToPath(new URL('./', import.meta.url)).replace(/.$/, '');
const scratch = mkdtempSync(join(tmpdir(), 'weir-unsound-'));
test.after.always(() => rmSync(scratch, { recursive: true }));

/** In `file`, `right` is replaced; `check` is the transfer function that suffers, where it is one. */
type Mistake = readonly [file: string, check: string | undefined, what: string, right: string, wrong: string];

// biome-ignore format: a table
const TRANSFER_MISTAKES: readonly Mistake[] = [
  ['transfer', 'mov', 'copies the wrong operand', "case 'mov':\n            return b;", "case 'mov':\n            return a;"],
  ['transfer', 'add', 'a sum does not wrap', 'a.smin + b.smin, a.smax + b.smax', 'a.smin + b.smin, a.smax'],
  ['transfer', 'add', 'limits that wrap differently are kept', 'floor(lowest) === floor(highest)', 'true'],
  ['transfer', 'sub', 'limits are subtracted from limits of the same side', 'a.umin - b.umax, a.umax - b.umin', 'a.umin - b.umin, a.umax - b.umax'],
  ['transfer', 'sub', 'the same, signed', 'a.smin - b.smax, a.smax - b.smin', 'a.smin - b.smin, a.smax - b.smax'],
  ['transfer', 'neg', 'negation is nothing', "operate('sub', constant(0n), a, width)", 'a'],
  ['transfer', 'mul', 'of four corners one is forgotten', 'a.smin * b.smin, a.smin * b.smax, ', 'a.smin * b.smin, '],
  ['transfer', 'mul', 'bits are added', 'tnum.multiply(a.bits, b.bits)', 'tnum.add(a.bits, b.bits)'],
  ['transfer', 'and', 'the larger operand limits', 'const umax = min(a.umax, b.umax);', 'const umax = b.umin;'],
  ['transfer', 'and', 'anything is taken for positive', 'smin: a.smin >= 0n || b.smin >= 0n ? 0n : all.smin', 'smin: 0n'],
  ['transfer', 'or', 'the result is no larger than the larger operand', 'umin: max(a.umin, b.umin), umax: all.umax', 'umin: max(a.umin, b.umin), umax: max(a.umax, b.umax)'],
  ['transfer', 'or', 'the sign of one operand suffices', 'bothNonNegative(a, b) ? max(a.smin, b.smin)', 'a.smin >= 0n ? max(a.smin, b.smin)'],
  ['transfer', 'xor', 'the sign of one operand suffices', 'bothNonNegative(a, b) ? { ...full', 'a.smin >= 0n ? { ...full'],
  ['transfer', 'xor', 'bits are joined by or', 'tnum.xor(a.bits, b.bits)', 'tnum.or(a.bits, b.bits)'],
  ['transfer', 'div', 'a divisor that may be 0 divides', 'b.umin > 0n ? a.umin / b.umax : 0n', 'a.umin / b.umax'],
  ['transfer', 'div', 'the largest divisor gives the largest quotient', 'b.umin > 0n ? a.umax / b.umin', 'b.umin > 0n ? a.umax / b.umax'],
  ['transfer', 'mod', 'modulo 0 is below the divisor', 'b.umin > 0n ? min(a.umax, b.umax - 1n) : a.umax', 'min(a.umax, b.umax - 1n)'],
  ['transfer', 'mod', 'the remainder is two below the divisor', 'b.umax - 1n', 'b.umax - 2n'],
  ['transfer', 'sdiv', 'a division by 0 leaves the dividend', "op === 'sdiv' ? constant(0n) : a", 'a'],
  ['transfer', 'sdiv', 'both ends are the lower one', 'a.smin / divisor, a.smax / divisor', 'a.smin / divisor, a.smin / divisor'],
  ['transfer', 'sdiv', 'the most negative number by -1 is positive', 'a.smin === all.smin && divisor === -1n', 'false'],
  ['transfer', 'smod', 'the remainder has no sign', 'a.smin >= 0n ? 0n : max(a.smin, -limit)', '0n'],
  ['transfer', 'smod', 'the remainder is two below the divisor', '-divisor : divisor) - 1n', '-divisor : divisor) - 2n'],
  ['transfer', 'lsh', 'limits beyond the width wrap', 'umin < 0n || umax > all.umax ? all : { umin, umax }', '{ umin: umin & all.umax, umax: umax & all.umax }'],
  ['transfer', 'lsh', 'only the smallest value is shifted', 'range.umax << by, range.smin << by', 'range.umax, range.smin << by'],
  ['transfer', 'lsh', 'counts are not masked', 'Number(amount & BigInt(width - 1))', 'Number(amount & 63n)'],
  ['transfer', 'rsh', 'the limits change sides', 'umin: umin >> BigInt(count), umax: umax >> BigInt(count)', 'umin: umax >> BigInt(count), umax: umax >> BigInt(count)'],
  ['transfer', 'rsh', 'an unknown count is at least 1', 'umax: rangeIn(a, width).umax })', 'umax: rangeIn(a, width).umax >> 1n })'],
  ['transfer', 'arsh', 'bits are shifted without sign', 'tnum.shiftRightSigned(a.bits, count, width)', 'tnum.shiftRight(a.bits, count, width)'],
  ['transfer', 'arsh', 'an unknown count keeps the sign only of the positive', 'smin: min(smin, 0n), smax', 'smin: 0n, smax'],
  ['transfer', 'add', '32-bit results are not zero-extended', 'width === 64 ? result : zeroExtended(result)', 'result'],
  ['transfer', 'movsx', 'the sign bit is taken for a value', 'BigInt(from - 1)', 'BigInt(from)'],
  ['transfer', 'movsx', 'bits are not extended', 'tnum.signExtend(a.bits, from)', 'tnum.cast(a.bits, from)'],
  ['transfer', 'swap', 'le cuts nothing', 'bits === 64 ? a :', 'bits >= 32 ? a :'],
  ['transfer', 'swap', 'fewer bytes are left', 'loaded((bits / 8))', 'loaded((bits / 16))'],
  ['scalar', 'normalize', 'the sign bit is certain', 'value | (mask & sign)', 'value'],
  ['scalar', 'normalize', 'bits that are not known are 0', 'umax: min(umax, value | mask)', 'umax: min(umax, value)'],
  ['scalar', 'normalize', 'unsigned limits hold for signed values', 'if (first <= last) {\n        smin = max(smin, first);', '{\n        smin = max(smin, first);'],
  ['scalar', 'normalize', 'the hole of the unsigned range is on the wrong side', 'if (umax < low)\n            umax = min(umax, high);', 'umax = min(umax, high);'],
  ['scalar', 'normalize', 'upper halves may differ', 'high(from) !== high(to) || from > to', 'from > to'],
  ['scalar', 'normalize', '32 signed bits reach one too far', 'smin >= FULL_32.smin && smax <= FULL_32.smax) {\n        smin = max(smin, low.smin)', 'smin >= FULL_32.smin - 1n) {\n        smin = max(smin, low.smin)'],
  ['scalar', 'normalize', 'the low half limits the whole', 'umax = min(umax, withLow(umax, low.umax))', 'umax = min(umax, low.umax)'],
  ['scalar', 'zeroExtended', 'the signed limit is the limit', 'umax: low.umax, smin: low.umin', 'umax: low.smax, smin: low.umin'],
  ['scalar', 'includes', 'the lower limit is not looked at', 'inner.umin >= outer.umin &&', ''],
  ['scalar', 'includes', 'bits are not looked at', '&& tnum.includes(outer.bits, inner.bits)', ''],
  ['tnum', 'add', 'carries are forgotten', 'cut(carries | a.mask | b.mask)', 'cut(a.mask | b.mask)'],
  ['tnum', 'sub', 'borrows are forgotten', 'cut(borrows | a.mask | b.mask)', 'cut(a.mask | b.mask)'],
  ['tnum', 'and', 'what may be set is not', 'possible & ~certain', 'a.mask & b.mask'],
  ['tnum', 'or', 'one mask is forgotten', '(a.mask | b.mask) & ~certain', 'a.mask & ~certain'],
  ['tnum', 'xor', 'one mask is forgotten', 'const mask = a.mask | b.mask;\n    return tnum(a.value ^ b.value', 'const mask = a.mask;\n    return tnum(a.value ^ b.value'],
  ['tnum', 'mul', 'bits of the multiplier that may be set are not', 'else if ((multiplier.mask & 1n) !== 0n)', 'else if (false)'],
  ['tnum', 'lsh', 'the mask stays', 'cut(a.mask << BigInt(count))', 'cut(a.mask)'],
  ['tnum', 'rsh', 'the mask stays', 'mask: mask >> BigInt(count)', 'mask'],
  ['tnum', 'arsh', 'the sign of the mask is not copied', 'BigInt.asIntN(width, a.mask) >> BigInt(count)', 'BigInt.asUintN(width, a.mask) >> BigInt(count)'],
  ['tnum', 'movsx', 'the sign of the mask is not copied', 'cut(BigInt.asIntN(bits, mask))', 'cut(BigInt.asUintN(bits, mask))'],
  ['tnum', 'normalize', 'a range needs one bit less', '(1n << BigInt(differing)) - 1n', '(1n << BigInt(differing > 0 ? differing - 1 : 0)) - 1n'],
  ['tnum', 'normalize', 'bits that only one knows have to agree', '& both) !== 0n', ') !== 0n'],
  ['branch', 'jeq', 'the upper halves of 32 bits are equal too', 'const known = width === 64 ? bits : tnum.withLow(scalar.bits, bits)', 'const known = bits'],
  ['branch', 'jeq', 'an equal low half is the whole', 'if (width === 64 || a.wide.umax <= LOW)', ''],
  ['branch', 'jne', 'what differs from a range differs from its end', 'if (other.umin !== other.umax)\n        return a;', ''],
  ['branch', 'jne', 'what differs from a number is two away', 'umin += 1n', 'umin += 2n'],
  ['branch', 'jgt', 'two more', "assumeOrder(b, a, width, 'unsigned', 1n, true)", "assumeOrder(b, a, width, 'unsigned', 2n, true)"],
  ['branch', 'jge', 'more', "assumeOrder(b, a, width, 'unsigned', 0n, true)", "assumeOrder(b, a, width, 'unsigned', 1n, true)"],
  ['branch', 'jlt', 'operands change sides', "assumeOrder(a, b, width, 'unsigned', 1n, false)", "assumeOrder(b, a, width, 'unsigned', 1n, false)"],
  ['branch', 'jle', 'less', "assumeOrder(a, b, width, 'unsigned', 0n, false)", "assumeOrder(a, b, width, 'unsigned', 1n, false)"],
  ['branch', 'jsgt', 'compared without sign', "assumeOrder(b, a, width, 'signed', 1n, true)", "assumeOrder(b, a, width, 'unsigned', 1n, true)"],
  ['branch', 'jsge', 'more', "assumeOrder(b, a, width, 'signed', 0n, true)", "assumeOrder(b, a, width, 'signed', 1n, true)"],
  ['branch', 'jslt', 'compared without sign', "assumeOrder(a, b, width, 'signed', 1n, false)", "assumeOrder(a, b, width, 'unsigned', 1n, false)"],
  ['branch', 'jsle', 'less', "assumeOrder(a, b, width, 'signed', 0n, false)", "assumeOrder(a, b, width, 'signed', 1n, false)"],
  ['branch', 'jlt', '32-bit comparisons limit 64 bits', 'normalize(width === 64 ? { ...scalar, wide: range }', 'normalize(true ? { ...scalar, wide: range }'],
  ['branch', 'jset', 'of several bits all are set', ' || !isPowerOfTwo(other.value)', ''],
  ['branch', 'jset', 'where no bit is common, one was set', 'mask: known.mask & ~other.value', 'mask: known.mask & ~other.value & 0xffn'],
];

const right: Transfer = { assume, normalize, zeroExtended, includes, alu, moveSigned, swap };
const runs = fullRun ? 20_000 : 6000;

test('the right functions lose no result', (t) => {
  t.is(transferFault(right, generator(1), fullRun ? 20_000 : 400), undefined);
});

test('each transfer function has a mistake', (t) => {
  const named = new Set(TRANSFER_MISTAKES.map(([, check]) => check));
  t.deepEqual(
    [...CHECKS.keys()].filter((name) => !named.has(name)),
    [],
  );
});

/** A copy of the verifier with one change. */
const folderWith = ([file, , , from, to]: Mistake, at: string): string =>
  changedRoom(here, join(scratch, at), file, from, to);

const load = async <Module>(folder: string, file: string): Promise<Module> =>
  (await import(pathToFileURL(join(folder, fileOf(here, file))).href)) as Module;

for (const [at, mistake] of TRANSFER_MISTAKES.entries()) {
  const [file, check, what] = mistake;
  test(`${file}, ${check}: ${what}`, async (t) => {
    const folder = folderWith(mistake, `transfer-${at}`);
    const wrong: Transfer = {
      ...(await load<Pick<Transfer, 'assume'>>(folder, 'branch')),
      ...(await load<Pick<Transfer, 'normalize' | 'zeroExtended' | 'includes'>>(folder, 'scalar')),
      ...(await load<Pick<Transfer, 'alu' | 'moveSigned' | 'swap'>>(folder, 'transfer')),
    };
    t.not(transferFault(wrong, generator(7), runs, check), undefined, 'nothing is lost');
  });
}

// biome-ignore format: a table
const PATH_MISTAKES: readonly Mistake[] = [
  ['memory', undefined, 'the first byte of an access is in the packet', 'start + size > base.range', 'start >= base.range'],
  ['effects/access', undefined, 'LD_ABS leaves r1 to r5 as they were', 'register <= 5', 'register <= 0'],
  ['effects/addresses', undefined, 'an address that moves keeps its range', 'range: keepsRange ? base.range : 0', 'range: base.range'],
  ['effects/addresses', undefined, 'an address that moves is still compared with the old ones', 'id: path.newId(), range', 'id: base.id, range'],
  ['state/addresses', undefined, 'subtraction adds', "op === 'add' ? signed : -signed", 'signed'],
  ['rules/addresses', undefined, 'what is added to an address does not matter', 'point.decide(operand.register)', '0'],
  ['branches', undefined, 'one byte more is there', 'isBelow ? 1 : 0', 'isBelow ? 1 : 1'],
  ['branches', undefined, 'what is learnt of one address is learnt of all', 'value.id === start.id &&', ''],
  ['branches', undefined, 'both sides of a comparison learn the same', "order === 'jgt' ? straight : taken", "order === 'jgt' ? taken : straight"],
  ['branches', undefined, 'a decided comparison does not matter', 'path.decide(dst);\n            if', 'if'],
  ['branches', undefined, 'copies are not remembered', 'path.marks.copies = places', '0'],
  ['branches', undefined, 'the taken side learns what the other one does', 'instruction, left, right, compared.holds)', 'instruction, left, right, compared.fails)'],
  ['rules/stack', undefined, 'the stack has no end', 'span.from < -STACK_SIZE || span.from > -1 || span.to > 0', 'false'],
  ['state/stack', undefined, 'variable offsets are their smallest', 'offset + Number(smax)', 'offset + Number(smin)'],
  ['effects/stack', undefined, 'part of a spilled number is the number', 'within === 0 && size <= length', 'within === 0'],
  ['state/stack', undefined, 'a write in the middle leaves what was spilled', 'frame.slots[slot] = { bytes, spilled: NONE }', 'frame.slots[slot] = { bytes: old.bytes, spilled: old.spilled }'],
  ['effects/stack', undefined, 'the slot of an access is not remembered', 'path.marks.slot = slotPlace(base.frame, slot)', '0'],
  ['effects/helpers', undefined, 'calls leave r1 to r5 as they were', 'register <= 5; register++)\n        registers[register] = NONE', 'register <= 5; register++)\n        0'],
  ['state/buffers', undefined, 'a size is its smallest', 'Number(size.wide.umax)', 'Number(size.wide.umin)'],
  ['rules/buffers', undefined, 'a size does not matter', 'point.decide(register)', '0'],
  ['effects/calls', undefined, 'the frame of a function begins with what the caller had', 'const callee = newFrame(frames.length, returnTo, target);', 'const callee = newFrame(frames.length, returnTo, target); callee.registers[0] = callee.registers[6] = path.frame.registers[6];'],
  ['cover', undefined, 'the smaller stands for the larger', 'scalars.includes(old.scalar, other.scalar)', 'scalars.includes(other.scalar, old.scalar)'],
  ['cover', undefined, 'any address stands for any', 'old.offset !== now.offset ||', ''],
  ['cover', undefined, 'a longer range stands for a shorter one', 'old.range > now.range', 'false'],
  ['cover', undefined, 'something stands for nothing', "if (old.kind !== now.kind)\n        return false", "if (old.kind !== now.kind)\n        return true"],
  ['cover', undefined, 'slots are alike', 'return old.spilled.kind ===', 'return true || old.spilled.kind ==='],
  ['cover', undefined, 'copies in one state are copies in the other', 'ids.tied(old, other)', 'true'],
  ['history', undefined, 'nothing matters', 'needs[depth * WORDS] | decided', 'needs[depth * WORDS]'],
  ['history', undefined, 'what a number is made from does not matter', '| sourceOf(instruction)', ''],
  ['history', undefined, 'what is fetched from the stack was always there', 'set(needs, READ, slot);\n                if', 'if'],
  ['history', undefined, 'a spilled number does not matter', "needs[base] = registers | (1 << instruction.operand.register)", '0'],
  ['history', undefined, 'arguments do not matter', '| (registers & ARGUMENTS)', ''],
  ['history', undefined, 'what a function returns does not matter', "'callback' ? 0 : registers & 1", "'callback' ? 0 : 0"],
  ['history', undefined, 'a comparison relates nothing', 'copies?.some(isWanted) === true', 'false'],
  ['liveness', undefined, 'a store reads no number', "reads: bit(instruction.base) | operandBit(instruction.operand)", 'reads: bit(instruction.base)'],
  ['liveness', undefined, 'computing reads one operand', "instruction.op === 'mov' ? source : source | target", 'source'],
  ['explore', undefined, 'paths that have not ended stand for others', 'const isOpen = entry.open > 0', 'const isOpen = false'],
  ['explore', undefined, 'what matters on one way is not passed on', 'addNeeds(parent.needs, ended.needs)', '0'],
  ['explore', undefined, 'branches are followed on one side', 'this.pending.push(isApart', 'parent.open--; [].push(isApart'],
];

type Observed = typeof verifyObserved;

const TYPES: readonly VerifiedType[] = ['xdp', 'sched_cls', 'socket_filter'];
const MAKERS: readonly ((random: Random) => { readonly type: VerifiedType; readonly program: Program })[] = [
  (random) => ({ type: 'socket_filter', program: tangledProgram(random) }),
  (random) => ({ type: 'xdp', program: packetProgram(random) }),
  (random) => {
    const type = TYPES[random(TYPES.length)]!;
    return { type, program: plausibleProgram(random, type) };
  },
];

/** What a wrong verifier does that gives it away. */
function giveaway(wrong: Observed, count: number): string | undefined {
  const random = generator(5);
  for (let at = 0; at < count; at++) {
    const { type, program } = MAKERS[at % MAKERS.length]!(random);
    const options = { type, budget: 5000 };
    const { accepted, processed } = wrong(program, options, {});
    if (!accepted) continue;
    const all = wrong(program, { ...options, budget: 20_000 }, { exhaustive: true });
    if (!all.accepted && all.rejection?.kind !== 'too-complex') return all.rejection?.message;
    const harm = unsafety(program, type, random, processed);
    if (harm !== undefined) return harm;
  }
  return undefined;
}

test('the right verifier does not give itself away', (t) => {
  t.is(giveaway(verifyObserved, 500), undefined);
});

for (const [at, mistake] of PATH_MISTAKES.entries()) {
  const [file, , what] = mistake;
  // Some take thousands of programs to show.
  if (!fullRun && at % 27 !== 0) continue;
  test(`${file}: ${what}`, async (t) => {
    const folder = folderWith(mistake, `path-${at}`);
    const { verifyObserved: wrong } = await load<{ verifyObserved: Observed }>(folder, 'verifier');
    t.not(giveaway(wrong, 30_000), undefined, 'no program shows it');
  });
}

// biome-ignore format: a table
const HELD_MISTAKES: readonly Mistake[] = [
  ['effects/calls', undefined, 'the index of a loop is the number of rounds', 'callee.registers[1] = ANY_NUMBER', 'callee.registers[1] = first'],
  ['effects/calls', undefined, 'a key is a value', "pointer('mapKey', { map })", "pointer('mapValue', { map })"],
  ['rules/access', undefined, 'keys are written', "if (use !== 'read')\n                reject(point, 'map-access', 'the key", "if (false)\n                reject(point, 'map-access', 'the key"],
  ['rules/calls', undefined, 'a function may give its helper anything', 'smax > most', 'false'],
  ['rules/calls', undefined, 'a function that a helper calls makes a tail call', 'point.state.frames.length > 1 && point.frame.isCallback', 'false'],
  ['rules/buffers', undefined, 'nothing of a key is something', 'if (size === 0)', 'if (false)'],
  ['branches', undefined, 'behind a may_goto nothing is looked at', 'path.walker.forkLoop(path.index + 1)', '0'],
  ['branches', undefined, 'where a may_goto leads nothing is looked at', 'return path.index + 1 + distance;\n}\nfunction branchOnAddress', 'return path.index + 1;\n}\nfunction branchOnAddress'],
  ['explore', undefined, 'rounds of a loop forget nothing', 'widen(state, before.state, needs)', '0'],
  ['effects/helpers', undefined, 'what was acquired need not be given back', 'path.state.references = [...path.state.references, id]', '0'],
  ['effects/helpers', undefined, 'what was given back is still there', 'value.reference === reference ?', 'false ?'],
  ['rules/references', undefined, 'what was moved is given back', 'value.offset !== 0 ||', 'false &&'],
  ['rules/references', undefined, 'the program ends with what it has acquired', 'references.length > 0 && frames.length === 1', 'false'],
  ['rules/references', undefined, 'all helpers are called under a lock', 'point.state.lock !== undefined && helper', 'false && helper'],
  ['rules/references', undefined, 'a lock is kept', 'if (lock !== undefined)\n        reject(point, \'locked\', \'the program', 'if (false)\n        reject(point, \'locked\', \'the program'],
  ['rules/memory', undefined, 'a lock is written', 'start + smin < BigInt(end)', 'false'],
  ['rules/maps', undefined, 'maps in maps are updated', 'mapInMap: [1]', 'mapInMap: [1, 2]'],
  ['value', undefined, 'a map in a map is like the one it is in', '{ map: map.inner, range', '{ map, range'],
  ['effects/globals', undefined, 'bytes are there for a global function', "'recordOrNull'", "'record'"],
  ['rules/globals', undefined, 'packets stay behind a global function', 'callsSome(subject, entry, mayMovePacket)', 'false'],
  ['rules/globals', undefined, 'a global function sleeps', '?.sleeps === true', '?.sleeps === 1'],
  ['rules/globals', undefined, 'a global function is called under a lock', 'if (point.state.lock !== undefined)', 'if (false)'],
  ['rules/globals', undefined, 'a global function gives nothing', "returns !== 'number'", 'false'],
  ['rules/globals', undefined, 'a global function is given anything', 'checkParameter(point, at + 1, kind)', '0'],
  ['explore', undefined, 'global functions are not looked at', 'of path.globals)', 'of [])'],
  ['rules/helpers', undefined, 'the address of a global function is taken', "?.linkage === 'global'", '?.linkage === 1'],
  ['context', undefined, 'half a count of TCP is read', 'TCP_COUNTS.has(offset - 4)', 'false'],
  ['whole', undefined, 'a function is named that is never entered', '!starts.has(callee - gone[from])', 'false'],
  ['rules/arguments', undefined, 'one record is key and value', 'if (held !== 0)', 'if (false)'],
  ['explore', undefined, 'rounds that come back are not counted', 'entry.visit.comebacks++', '0'],
  ['loops', undefined, 'nothing is a loop', 'members.length > 1', 'false'],
  ['rules/arguments', undefined, 'a record is of a size that is not known', 'scalars.constantOf(scalarOf(value)) === undefined', 'false'],
];

/** A loop whose walk is known, instruction for instruction. */
const LOOP = assemble(nestedLoops(6, 'ldabsb 14'));
const LOOKED_AT = 707;

/** A case whose verdict is not Linux's, or a walk that is longer or shorter. */
const misjudged = (wrong: Observed): string | undefined =>
  wrong(LOOP, { type: 'socket_filter' }, {}).processed !== LOOKED_AT
    ? 'loops'
    : [...HELD_CASES, ...GLOBAL_CASES].find(({ sample, refused }) => {
        const { rejection } = wrong(sample.program, { ...optionsOf(sample), budget: 20_000 }, {});
        return rejection?.kind !== refused;
      })?.what;

test('the right verifier misjudges no case', (t) => {
  t.is(misjudged(verifyObserved), undefined);
});

for (const [at, mistake] of HELD_MISTAKES.entries()) {
  const [file, , what] = mistake;
  if (!fullRun && at % 31 !== 0) continue;
  test(`${file}: ${what}`, async (t) => {
    const folder = folderWith(mistake, `held-${at}`);
    const { verifyObserved: wrong } = await load<{ verifyObserved: Observed }>(folder, 'verifier');
    t.not(misjudged(wrong), undefined, 'no case shows it');
  });
}
