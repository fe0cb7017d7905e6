/** `-Z`: what root alone may open is open; the rest is done as somebody else. */

import { spawnSync } from 'node:child_process';
import { ioError } from '../lib/command.js';
import { CommandError } from './report.js';

/**
 * Goes on as another user, in that user's groups. Does nothing for whoever is not root, as tcpdump.
 *
 * @throws CommandError where there is no such user, or it is not allowed.
 */
export function relinquishPrivileges(user: string): void {
  if (process.getuid?.() !== 0) return;
  const [uid, gid] = [idOf(user, '-u'), idOf(user, '-g')];
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
