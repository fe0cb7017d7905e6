/**
 * Test support: bpf(2) for users without privileges, which most machines forbid: allowed for as long as something
 * runs, and put back.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const SETTING = '/proc/sys/kernel/unprivileged_bpf_disabled';
/** 1 cannot be taken back; 0 and 2 can. */
const LOCKED = '1';
const NOBODY = 65534;

/** Runs this very script again, with its arguments, where nobody may use bpf(2). Its exit status, or why not. */
export function runUnprivileged(script: string, words: readonly string[]): number | string {
  let before: string;
  try {
    before = readFileSync(SETTING, 'latin1').trim();
  } catch {
    return `there is no ${SETTING}`;
  }
  if (before === LOCKED) return `${SETTING} is 1, which lasts until the machine starts again`;
  try {
    writeFileSync(SETTING, '0');
    const { status } = spawnSync(process.execPath, [script, ...words], { stdio: 'inherit' });
    return status ?? 1;
  } catch (error) {
    return (error as Error).message;
  } finally {
    writeFileSync(SETTING, before);
  }
}

/** From here on this process is nobody's. What it has open stays open. */
export function becomeNobody(): void {
  process.setgroups!([]);
  process.setgid!(NOBODY);
  process.setuid!(NOBODY);
}
