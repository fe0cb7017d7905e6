/**
 * Addresses as text and as numbers: IPv4 (whole and shortened), IPv6, Ethernet, DECnet.
 *
 * Numbers are unsigned 32-bit words, most significant first; an IPv6 address is four of them.
 */

/** 2^32-1 shifted left by `32 - length`: the mask of a prefix, 0..32. */
export function prefixMask(length: number): number {
  return length <= 0 ? 0 : (0xffff_ffff << (32 - Math.min(32, length))) >>> 0;
}

/** The four words of the mask of an IPv6 prefix, 0..128. */
export function prefixMask6(length: number): Ipv6Address {
  return [0, 32, 64, 96].map((before) => prefixMask(length - before)) as unknown as Ipv6Address;
}

export type Ipv6Address = readonly [number, number, number, number];

/**
 * Two to four decimal parts, 0..255 each: `10.1` is 0x0a01 in 16 bits. `undefined` where a part is
 * hexadecimal or too large.
 */
export function parseDotted(text: string): { readonly value: number; readonly bits: number } | undefined {
  const parts = text.split('.');
  if (parts.length > 4 || !parts.every((part) => /^[0-9]+$/.test(part) && Number(part) <= 255))
    return undefined;
  return {
    value: parts.reduce((value, part) => value * 256 + Number(part), 0),
    bits: parts.length * 8,
  };
}

/** A complete IPv4 address. */
export function parseIpv4(text: string): number | undefined {
  const dotted = parseDotted(text);
  return dotted?.bits === 32 ? dotted.value : undefined;
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

/** RFC 4291 §2.2: groups, `::`, a dotted tail. No scope. */
export function parseIpv6(text: string): Ipv6Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map(groupsOf);
  if (left === undefined || (halves.length === 2 && right === undefined)) return undefined;
  const given = left.length + (right?.length ?? 0);
  if (halves.length === 1 ? given !== 8 : given > 7) return undefined;
  const groups = [...left, ...new Array<number>(8 - given).fill(0), ...(right ?? [])];
  const word = (at: number) => groups[at]! * 65536 + groups[at + 1]!;
  return [word(0), word(2), word(4), word(6)];
}

/** The 16-bit groups of one side of `::`; a dotted tail is two. */
function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.') && index === parts.length - 1) {
      const tail = parseIpv4(part);
      if (tail === undefined) return undefined;
      groups.push(tail >>> 16, tail & 0xffff);
    } else {
      if (!/^[0-9A-Fa-f]{1,4}$/.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

/** RFC 5952: lower case, the longest run of zeros shortened. */
export function formatIpv6(address: Ipv6Address): string {
  const groups = address.flatMap((word) => [word >>> 16, word & 0xffff]);
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  if (best.length === 1) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}

/** Six bytes: `a:b:c:d:e:f`, with `-` or `.` alike, `aabb.ccdd.eeff`, or twelve hexadecimal digits. */
export function parseMac(text: string): Uint8Array | undefined {
  const parts = text.split(/[-:.]/);
  const width = parts.length === 6 ? 2 : 12 / parts.length;
  if (![1, 3, 6].includes(parts.length)) return undefined;
  const exact = parts.length !== 6;
  const fits = (part: string) =>
    /^[0-9A-Fa-f]+$/.test(part) && (exact ? part.length === width : part.length <= 2);
  if (!parts.every(fits)) return undefined;
  const digits = parts.map((part) => part.padStart(width, '0')).join('');
  return Uint8Array.from({ length: 6 }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  );
}

export function formatMac(address: ArrayLike<number>): string {
  return Array.from({ length: 6 }, (_, index) => address[index]!.toString(16).padStart(2, '0')).join(':');
}

/** DECnet Phase IV: area 0..63 and node 0..1023 as 16 bits, area first. */
export function parseDecnet(text: string): number | undefined {
  const match = /^([0-9]+)\.([0-9]+)$/.exec(text);
  if (match === null) return undefined;
  const [area, node] = [Number(match[1]), Number(match[2])];
  return area <= 63 && node <= 1023 ? area * 1024 + node : undefined;
}
