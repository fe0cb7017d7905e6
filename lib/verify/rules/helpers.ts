/** Whether a helper, or the address of a function, may be used here. Linux `check_helper_call`, `check_ld_imm`. */

import { GPL_ONLY, KFUNCS, signatureFor, signatureOf } from '../../ebpf/index.js';
import { type Point, reject } from './point.js';
import { checkUnlocked } from './references.js';

export function checkHelper(point: Point, helper: number): void {
  const row = signatureFor(helper, point.rules.letter);
  if (row === undefined) {
    const known = signatureOf(helper);
    const name = known === undefined ? '' : ` (${known.name})`;
    reject(point, 'unknown-helper', `helper ${helper}${name} cannot be called by this type of program`);
  }
  if (!point.privileged && row.privileged === true)
    reject(point, 'privileged-only', `helper ${helper} (${row.name}) is for privileged users`);
  if (point.isLinux && point.options.gpl === false && GPL_ONLY.has(helper))
    reject(
      point,
      'unknown-helper',
      `helper ${helper} (${row.name}) is for programs under the GPL`,
      'if yours is: char license[] SEC("license") = "GPL";',
    );
  if (row.arguments === undefined)
    reject(point, 'unknown-helper', `helper ${helper} (${row.name}) is not available here`);
  if (row.sleeps === true)
    reject(
      point,
      'unknown-helper',
      `helper ${helper} (${row.name}) may sleep, which this type of program may not`,
    );
  checkUnlocked(point, helper);
  checkStructKnown(point, row.struct);
}

/** A function of the kernel's by its name; for programs under the GPL. */
export function checkKfunc(point: Point, number: number): void {
  const { name, types, struct } = KFUNCS[number - 1]!;
  if (!types.includes(point.rules.letter))
    reject(point, 'unknown-helper', `${name} cannot be called by this type of program`);
  if (!point.privileged || (point.isLinux && point.options.gpl === false))
    reject(point, 'privileged-only', `${name} is for privileged users, and programs under the GPL`);
  checkUnlocked(point, 0);
  checkStructKnown(point, struct);
}

function checkStructKnown(point: Point, struct: string | undefined): void {
  if (struct !== undefined && point.options.structs?.(struct) === undefined)
    reject(point, 'unknown-helper', `struct ${struct} is not known here`, "give the kernel's types");
}

/** The address of a function. Linux takes those of which it knows what they are. */
export function checkFunction(point: Point, distance: number): void {
  const { functions } = point.options;
  if (point.isLinux && functions === undefined)
    reject(point, 'bad-immediate', 'the address of a function without types', 'compile with -g');
  if (functions?.get(point.index + 1 + distance)?.linkage === 'global')
    reject(point, 'bad-immediate', 'the address of a global function', 'make it static');
}
