/** A rejection of the verifier as text for a terminal. */

import type { ExplainedRejection } from '../lib/command.js';

const TEXT_COLUMN = 34;

/** @param wordsOf - The words of an expression that an instruction came from; empty where there are none. */
export function renderRejection(
  rejection: ExplainedRejection,
  wordsOf: (index: number) => string = () => '',
): string {
  const { kind, index, text, property, message, values, example, slice, remedy } = rejection;
  const width = `${Math.max(index, ...slice.map((step) => step.index))}`.length;
  const listed = (at: number, instruction: string, note: string): string => {
    const words = wordsOf(at);
    const remarks = [note, words === '' ? '' : `"${words}"`].filter((part) => part !== '').join('; ');
    const line = `${`${at}`.padStart(width)}: ${instruction}`;
    return remarks === '' ? line : `${line.padEnd(TEXT_COLUMN)} ; ${remarks}`;
  };
  const lines = [
    `instruction ${index}: ${message} [${kind}: ${property}]`,
    ...slice.map((step) => `    ${listed(step.index, step.text, step.note)}`),
    ...(text === '' ? [] : [`  > ${listed(index, text, '')}`]),
    ...values.map(({ register, holds }) => `  r${register} can be: ${holds}`),
    ...(example === '' ? [] : [`  for example: ${example}`]),
    ...(remedy === '' ? [] : [`  remedy: ${remedy}`]),
  ];
  return `${lines.join('\n')}\n`;
}
