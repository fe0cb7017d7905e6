/** `-Z`: what root alone may open is open; the rest is done as somebody else. */

import { execFileSync } from 'node:child_process';
import { CommandError } from './report.js';

/**
 * Goes on as another user, in that user's groups. Does nothing for whoever is not root, as tcpdump.
 *
 * @throws CommandError where there is no such user.
 */
export function relinquishPrivileges(user: string): void {
  if (process.getuid?.() !== 0) return;
  const [group] = groupsOf(user, '-g');
  process.setgroups!(groupsOf(user, '-G'));
  process.setgid!(group!);
  process.setuid!(user);
}

/** Node finds users by name, but not their groups; id(1) asks every source of users that the system has. */
function groupsOf(user: string, which: '-g' | '-G'): number[] {
  try {
    const text = execFileSync('id', [which, '--', user], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text.trim().split(' ').map(Number);
  } catch {
    throw new CommandError(`Couldn't find user '${user}'`);
  }
}
