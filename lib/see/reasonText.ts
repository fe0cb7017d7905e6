/** Reasons in words. */

import type { Part, Reason } from './reason.js';

/** `bytes 36–37 (tcp.dstport)`. */
export function placeText({ start, end, fields }: Part): string {
  if (start < 0) return `the length (${fields.join()})`;
  const place = end - start === 1 ? `byte ${start}` : `bytes ${start}–${end - 1}`;
  return fields.length === 0 ? place : `${place} (${fields.join(', ')})`;
}

const isText = (part: Part & { readonly value: string }): string =>
  `${placeText(part)} ${part.end - part.start > 1 ? 'are' : 'is'} ${part.value}`;

/**
 * A reason as lines: the verdict with the words and the bytes that decided, what that rests on, what would have to be
 * otherwise. The first is enough for who knows the protocol.
 */
export function reasonText({ matches, words, parts, needs, change }: Reason): string {
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
    lines.push(`${no} with ${change.map((part) => `${placeText(part)} ${part.value}`).join(', ')}`);
  return lines.join('\n');
}
