/**
 * What headers promise and no filter asks for: the least that follows them, so that whoever decodes a packet finds it whole;
 * and the headers of link types, with what comes behind them.
 */

/** Where a number stands that says what follows. */
export type Namer = 'type' | 'sap' | 'ppp' | 'icmp' | 'icmp6' | 'ip' | 'udp' | 'isis' | 'wlan';

/**
 * A line each: who names it, the numbers, and bytes in hexadecimal, `*N` for N of 0. Those of ICMP come behind the eight
 * bytes that all its messages have, those of IS-IS and of 802.11's management behind their common headers.
 */
const BODIES = `
type 88cc 0207040000 5e00530104070300005e0053010602 0078 0000
type 8137 ffff001e *26
type 888e 01010000
type 809b 000d *11
type 80f3 0001809b06040001 *20
type 6003 2600 *40
type 8809 0101 *108
type 88f7 1002002c *40
type 8902 00010004 *72
type 9000 0000 0100 0000
type 88a2 10 *31
type 88e5 200000000001 *24
sap e0 ffff001e *26
sap f0 2c00ffef0e *39
ppp 2b ffff001e *26
ppp 29 000d *11
ppp 27 2600 *40
ppp 8021,8029,802b,8057,80fd,8281,c021 01010004
ppp c023 010100060000
ppp c223 03010004
icmp d,e *12
icmp 11,12 *4
icmp6 82,83,84 *16
icmp6 86 *8
icmp6 87,88 20010db8 *11 02
icmp6 89 20010db8 *11 02 20010db8 *11 02
icmp6 8b,8c *8
ip 58 0205 *18
ip 59 0201002c c0000201 *16 ffffff00 000a0201 00000028 *8
ip 67 20000000
ip 70 31016401 00010000 c0000201
ip 2e 10010000 40000008
udp 35 *12
udp 7b 23 *47
udp 43,44 010106 *233 63825363 ff
udp a1,a2 301902010104067075626c6963a00c020101020100020100 3000
udp 1f4 *8 *8 01100200 *4 0000001c
udp 45 0001 780000
udp 208 01010000 *20
isis f,10 01 *6 001e 001b 40 *7
isis 11 01 *6 001e 0014 01
isis 12,14 001b 04b0 *8 00000001 0000 03
isis 18,19 0021 *7 *8 ffffffffffffffff
isis 1a,1b 0011 *7
wlan 0,2 *12
wlan 1,3 *6
wlan 4 0000
wlan 5,8 *8 0064 0001 0000
wlan a,c 0003
wlan b 0000 0001 0000
wlan d 0000 *8
`;

/**
 * A line each: LINKTYPE_ numbers, bytes in front, and what comes next: `type` an EtherType, `ppp` a protocol of PPP, `llc`, `ip`,
 * `ip4`, `ip6`, `wlan` a frame of 802.11. Others are known to {@link file://layers.ts}.
 */
const LINKS = `
c,65 ip
e4 ip4
e5 ip6
6 1040 00005e005302 00005e005301 llc
a 50 00005e005302 00005e005301 llc
9,32 ff03 ppp
68 0f00 type
b,64 llc
7b 02000021 llc
7a 100000005e005302 100000005e005301 llc
8a 000000005e005302 000000005e005301 type
6d 02000000 *8 ip
82,83,84,85,86,87,88,89,a7,ae,b2,b3,b4,b5,b7,c2,c8 4d474302 02000000 ip4
69 wlan
7f 0000080000000000 wlan
77 44000000 90000000 *136 wlan
a3 80211001 00000040 *56 wlan
c0 00000800 69000000 wlan
`;

function bytesOf(words: readonly string[]): Uint8Array {
  const hex = words
    .map((word) => (word.startsWith('*') ? '00'.repeat(Number(word.slice(1))) : word))
    .join('');
  return Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

const linesOf = (table: string): string[][] =>
  table
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
const numbersOf = (list: string): number[] => list.split(',').map((digits) => Number.parseInt(digits, 16));

let bodies: ReadonlyMap<string, Uint8Array> | undefined;

/** What follows a header that names it by a number; `undefined` where nothing is known. */
export function bodyOf(namer: Namer, number: number): Uint8Array | undefined {
  bodies ??= new Map(
    linesOf(BODIES).flatMap(([who, list, ...words]) =>
      numbersOf(list!).map((one) => [`${who} ${one}`, bytesOf(words)] as const),
    ),
  );
  return bodies.get(`${namer} ${number}`);
}

export type Next = 'type' | 'ppp' | 'llc' | 'ip' | 'ip4' | 'ip6' | 'wlan';

let links: ReadonlyMap<number, readonly [header: Uint8Array, next: Next]> | undefined;

/** The header of a link type that is always the same, and what comes behind it. */
export function headerOf(linkType: number): readonly [header: Uint8Array, next: Next] | undefined {
  links ??= new Map(
    linesOf(LINKS).flatMap(([list, ...words]) =>
      numbersOf(list!).map((one) => [one, [bytesOf(words.slice(0, -1)), words.at(-1) as Next]] as const),
    ),
  );
  return links.get(linkType);
}
