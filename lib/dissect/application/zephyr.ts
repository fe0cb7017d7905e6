/** Zephyr notices (MIT Athena): fields of text, each with a zero byte behind it. */

import type { Dissection } from '../frame/dissection.js';
import { names } from '../frame/names.js';
import { visible } from '../frame/text.js';

const KINDS = names('unsafe|unacked|acked|hm-ack|hm-ctl|serv-ack|serv-nak|client-ack|stat', '');
const SERVACK = 5;
/** Fields that each notice has. */
const HEAD = 17;
const MOST_TEXT = 255;
const lower = (text: string): string => text.slice(0, MOST_TEXT).replace(/[A-Z]/g, (c) => c.toLowerCase());

/** What is said of a class, instance and operation; nothing where these have no words of their own. */
function wordsOf(
  group: string,
  instance: string,
  operation: string,
  triple: () => string,
): string | undefined {
  if (group === 'USER_LOCATE') {
    if (operation === 'USER_HIDE') return ' hide';
    return operation === 'USER_UNHIDE' ? ' unhide' : ` locate ${instance}`;
  }
  if (group === 'ZEPHYR_ADMIN') return ` zephyr-admin ${lower(operation)}`;
  if (group === 'HM_CTL') return ` hm_ctl ${lower(instance)} ${lower(operation)}`;
  if (group === 'WG_CTL') return ` wg_ctl ${lower(instance)} ${lower(operation)}`;
  if (group === 'HM_STAT' && instance === 'HMST_CLIENT' && operation === 'GIMMESTATS')
    return ' get-client-stats';
  if (group === 'LOGIN') {
    if (operation === 'USER_FLUSH') return ' flush_locs';
    if (/^(NONE|OPSTAFF|(REALM|NET)-(VISIBLE|ANNOUNCED))$/.test(operation))
      return ` set-exposure ${lower(operation)}`;
  }
  if (group !== 'ZEPHYR_CTL') return undefined;
  if (instance === 'HM') return ` ${lower(operation)}`;
  if (instance === 'REALM') {
    const word = /^(ADD|REQ|RLM)_(UN)?SUBSCRIBE$/.exec(operation);
    if (word === null || (word[2] !== undefined && word[1] !== 'RLM')) return '';
    return ` realm ${lower(word[1]!)}-${lower(word[2] ?? '')}sub${word[1] === 'RLM' ? '' : 's'}`;
  }
  if (instance !== 'CLIENT') return undefined;
  const subscribed = /^(UN)?SUBSCRIBE(_NODEFS)?$/.exec(operation);
  if (subscribed !== null && !(subscribed[1] && subscribed[2]))
    return ` ${operation === 'SUBSCRIBE' ? '' : 'un'}sub${subscribed[2] ? '-nodefs' : ''}${triple()}`;
  const known: Readonly<Record<string, string>> = {
    GIMME: 'ret',
    GIMMEDEFS: 'gimme-defs',
    CLEARSUB: 'clear-subs',
  };
  return ` ${known[operation] ?? lower(operation)}`;
}

export function printZephyr(d: Dissection, start: number, length: number): void {
  d.cutAs = 'zephyr';
  let at = start;
  let left = length;
  const field = (): string | undefined => {
    let text = '';
    for (; left > 0 && d.u8(at) !== 0; left--) text += String.fromCharCode(d.u8(at++));
    if (left === 0) return undefined;
    at++;
    left--;
    return text;
  };
  const version = field();
  if (version === undefined) {
    d.markInvalid();
    return;
  }
  if (!version.startsWith('ZEPH')) return;
  const fields = [version, ...Array.from({ length: HEAD - 1 }, field)];
  if (fields.includes(undefined)) {
    d.markInvalid();
    return;
  }
  const say = (text: string): void => {
    for (const c of text) d.out += visible(c.charCodeAt(0));
  };
  d.out += ' zephyr';
  if (!version.startsWith('0.2', 4)) {
    say(` v${version.slice(4)}`);
    return;
  }
  const kind = Number.parseInt(fields[2]!, 16) | 0;
  d.out += ` ${KINDS(kind) || `type ${kind}`}`;
  if (kind === SERVACK) {
    const answer = field();
    if (answer !== undefined && answer !== 'SENT') say(`/${lower(answer)}`);
  }
  const [group, instance, operation, sender, recipient] = fields.slice(8, 13) as string[];
  if (sender !== '') say(` ${sender}`);
  const three = (a: string, b: string, c: string): string => `<${a},${b},${c || '*'}>`.slice(0, MOST_TEXT);
  const words = wordsOf(group!, instance!, operation!, () => {
    const [a, b, c] = kind === SERVACK ? [] : [field(), field(), field()];
    return a === undefined || b === undefined || c === undefined ? '' : ` ${three(a, b, c)}`;
  });
  say(words ?? ` to ${three(group!, instance!, recipient!)}${operation ? ` op ${operation}` : ''}`);
}
