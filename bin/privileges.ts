/** `-Z`: what root alone may open is open; the rest is done as somebody else. */

import { spawnSync } from 'node:child_process';
import { chownSync, existsSync } from 'node:fs';
import { ioError } from '../lib/command.js';
import { CaptureError } from '../lib/index.js';
import type { Options } from './options.js';
import { program } from './program.js';
import { CommandError } from './report.js';
import { packageVersion } from './version.js';

/**
 * Opens what is written and goes on as the user of `-Z`. One plain file is opened before, and belongs to that user where it
 * is new: it may lie where only root can write, as with tcpdump. Files of `-C` and `-G` are opened by that user, one by one.
 * Changes no user for whoever is not root, as tcpdump.
 *
 * @throws CommandError where there is no such user, or it is not allowed.
 */
export async function relinquishAround<T>(options: Options, open: () => T | Promise<T>): Promise<T> {
  const { user, write, rotateBytes, rotateSeconds } = options;
  if (user === undefined || process.getuid?.() !== 0) return open();
  const ids = [idOf(user, '-u'), idOf(user, '-g')] as const;
  if (write !== undefined && write !== '-' && rotateBytes === 0 && rotateSeconds === 0) {
    const isNew = !existsSync(write);
    const opened = await open();
    if (isNew) chownSync(write, ...ids);
    become(user, ...ids);
    return opened;
  }
  become(user, ...ids);
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    throw new CommandError(`${error.message} (as user '${user}')`);
  }
}

/** Goes on as another user, in that user's groups. What is still to be loaded may lie where only root can read. */
function become(user: string, uid: number, gid: number): void {
  program.keep();
  packageVersion();
  try {
    initgroups(user, gid);
    process.setgid!(gid);
    process.setuid!(uid);
  } catch (error) {
    const { reason } = ioError(error, '');
    throw new CommandError(`Couldn't change to '${user}' uid=${uid} gid=${gid}: ${reason}`);
  }
}

/** Node has it; the declarations have not. */
const { initgroups } = process as typeof process & {
  readonly initgroups: (user: string, group: number) => void;
};

/** A number of the user's: Node finds users by name, but not their groups; id(1) asks every source the system has. */
function idOf(user: string, which: '-u' | '-g'): number {
  const { status, stdout, error } = spawnSync('id', [which, '--', user], { encoding: 'utf8' });
  if (error !== undefined)
    throw new CommandError(`cannot look up user '${user}': id: ${ioError(error, '').reason}`);
  // A number is no name, although id(1) takes it for one.
  if (status !== 0 || /^\d+$/.test(user)) throw new CommandError(`Couldn't find user '${user}'`);
  return Number(stdout);
}
