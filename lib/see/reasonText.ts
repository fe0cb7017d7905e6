/** Reasons in words. */

import type { Part, Reason } from './reason.js';

/** `bytes 36–37 (tcp.dstport)`. */
export function placeText({ start, end, fields }: Part): string {
  if (start < 0) return `the length (${fields.join()})`;
  const place = end - start === 1 ? `byte ${start}` : `bytes ${start}–${end - 1}`;
  const more = fields.length > MOST_FIELDS ? ', …' : '';
  return fields.length === 0 ? place : `${place} (${fields.slice(0, MOST_FIELDS).join(', ')}${more})`;
}

const MOST_FIELDS = 3;
/** Numbers in hexadecimal are said as far as this. */
const MOST_DIGITS = 34;

/** What bytes are: many zeros are 0, long numbers are cut. */
function valueText(value: string): string {
  if (!value.startsWith('0x') || value.length <= MOST_DIGITS) return value;
  return /^0x0+$/.test(value) ? '0' : `${value.slice(0, MOST_DIGITS)}…`;
}

const isText = (part: Part & { readonly value: string }): string =>
  `${placeText(part)} ${part.end - part.start > 1 ? 'are' : 'is'} ${valueText(part.value)}`;

/**
 * A reason as lines: the verdict with the words and the bytes that decided, what that rests on, what would have to be
 * otherwise, or that nothing can. The first is enough for who knows the protocol.
 */
export function reasonText({ matches, words, parts, needs, change, never }: Reason): string {
  const [yes, no] = matches ? ['yes', 'no'] : ['no', 'yes'];
  const said = words.map(({ text }) => text).join(', ');
  const deciding = parts.filter(({ decides }) => decides).map(isText);
  if (needs !== undefined) deciding.unshift(`the packet ends before byte ${needs - 1}`);
  const lines = [
    `${said === '' ? '' : `${said}: `}${yes}, ${deciding.join(', ') || 'whatever the packet is'}`,
  ];
  const others = parts.filter(({ decides }) => !decides);
  if (others.length > 0) lines.push(`where ${others.map(isText).join(', ')}`);
  if (change.length > 0)
    lines.push(
      `${no} with ${change.map((part) => `${placeText(part)} ${valueText(part.value)}`).join(', ')}`,
    );
  else if (!never) lines.push(`no change was found that makes it ${no}`);
  else lines.push(`never ${no}, with any packet ${matches ? 'that is long enough' : 'of this link type'}`);
  return lines.join('\n');
}
