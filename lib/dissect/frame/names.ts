/**
 * Names of numbers as packed text, `1 one|2 two`: a table costs nothing until it is asked, and little room. A number may be
 * in hex; a name without one has the number after that before it. A zero byte stands for a bar within a name.
 */

/** The name of a number. */
export type Names = (value: number, otherwise?: string) => string;

function unpack(packed: string): [number, string][] {
  let number = -1;
  return packed.split('|').map((entry) => {
    const [, digits, name] = /^(0x[0-9a-f]+ |\d+ |)(.*)$/s.exec(entry) as unknown as [string, string, string];
    number = digits === '' ? number + 1 : Number(digits);
    return [number, name.replaceAll('\0', '|')];
  });
}

/** A table of names; `otherwise` is what a number without one is called. */
export function names(packed: string, unknown = 'Unknown'): Names {
  let table: Map<number, string> | undefined;
  return (value, otherwise = unknown) => {
    if (table === undefined) {
      table = new Map();
      for (const [number, name] of unpack(packed)) if (!table.has(number)) table.set(number, name);
    }
    return table.get(value) ?? otherwise;
  };
}

/** A table of bits: the names of those set, in its order, or `none`. */
export function bitNames(packed: string, none = 'none', separator = ', '): Names {
  let table: [number, string][] | undefined;
  return (value, otherwise = none) => {
    table ??= unpack(packed);
    const set = table.filter(([bit]) => (value & bit) >>> 0 === bit && (bit !== 0 || value === 0));
    return set.length === 0 ? otherwise : set.map(([, name]) => name).join(separator);
  };
}

/** Numbers without a name as they are, for {@link named}. */
export const decimal = (value: number, _size: number): string => `${value}`;
/** Numbers that a protocol does not know, for {@link named}. */
export const invalid = (value: number, size: number): string =>
  `invalid (0x${value.toString(16).padStart(2 * size, '0')})`;

/** A table of names as a writer of patterns. */
export function named(packed: string, unknown = decimal): (value: number, size: number) => string {
  const table = names(packed, '');
  return (value, size) => table(value) || unknown(value, size);
}
