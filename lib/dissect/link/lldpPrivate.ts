/** What IEEE 802.1 and 802.3, TIA (LLDP-MED), IANA and DCBX put into LLDP. */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bitNames, names } from '../frame/names.js';
import { filled, hex2, hex4, sayPadded, sayText } from '../frame/text.js';

/** Prints a value behind its four bytes of organization and subtype; true where its bytes are to be shown. */
type Print = (d: Dissection, at: number, length: number) => boolean;
type Row = readonly [least: number, print: (d: Dissection, at: number, length: number) => unknown];

/** One table of subtypes: `least` is what a value has at least, its four bytes counted. */
const table =
  (subtypes: (type: number) => string, rows: Readonly<Record<number, Row>>, needs = 4): Print =>
  (d, at, length) => {
    if (length < needs) return false;
    const type = d.u8(at + 3);
    d.out += `\n\t  ${subtypes(type)} Subtype (${type})`;
    const row = rows[type];
    if (row === undefined) return true;
    if (length >= row[0]) row[1](d, at, length);
    return false;
  };

const unknown = (packed: string) => names(packed, 'unknown');
const bit = (value: number, place: number): number => (value >> place) & 1;

/** Eight values under their numbers. */
function sayEight(
  d: Dissection,
  title: string,
  head: string,
  width: number,
  values: readonly number[],
): void {
  const numbers = [0, 1, 2, 3, 4, 5, 6, 7]
    .map((n) => `${n}`.padEnd(width))
    .join(' ')
    .trimEnd();
  d.out += `\n\t    ${title}`;
  if (head !== '') d.out += `\n\t     ${head}: ${numbers}`;
  d.out += `\n\t     ${'Value'.padEnd(head.length || 9)}: ${values.map((n) => `${n}`.padEnd(width)).join(' ')}`;
}
const bitsOf = (value: number): number[] => [0, 1, 2, 3, 4, 5, 6, 7].map((i) => bit(value, i));
const octets = (d: Dissection, at: number): number[] => [0, 1, 2, 3, 4, 5, 6, 7].map((i) => d.u8(at + i));

function sayBits(d: Dissection, title: string, value: number): void {
  d.out += `\n\t    ${title}\n\t     Priority : 0  1  2  3  4  5  6  7\n\t     Value    : `;
  for (const n of bitsOf(value)) d.out += `${n}  `;
}

/** Enhanced transmission selection (IEEE 802.1Qaz). */
function sayClasses(d: Dissection, at: number): void {
  const priorities = [0, 1, 2, 3].flatMap((i) => [d.u8(at + i) >> 4, d.u8(at + i) & 15]);
  sayEight(d, 'Priority Assignment Table', 'Priority ', 3, priorities);
  sayEight(d, 'TC Bandwidth Table', 'TC%   ', 3, octets(d, at + 4));
  sayEight(d, 'TSA Assignment Table', 'Traffic Class', 3, octets(d, at + 12));
}

const MODES = unknown('Not Supported|EVB Bridge|EVB Station|Reserved for future Standardization');
const AGGREGATION = bitNames('1 supported|enabled');
const sayAggregation: Row[1] = (d, at) => {
  d.out += `\n\t    aggregation status [${AGGREGATION(d.u8(at + 4))}], aggregation port ID ${d.u32(at + 5)}`;
};
const bridges = table(
  unknown(
    '1 Port VLAN Id|Port and Protocol VLAN ID|VLAN name|Protocol Identity|7 Link aggregation|Congestion Notification|ETS Configuration|ETS Recommendation|Priority Flow Control Configuration|Application Priority|EVB|CDCP',
  ),
  {
    1: [6, (d, at) => (d.out += `\n\t    port vlan id (PVID): ${d.u16(at + 4)}`)],
    2: [
      7,
      (d, at) =>
        (d.out += `\n\t    port and protocol vlan id (PPVID): ${d.u16(at + 5)}, flags [${SUPPORT(d.u8(at + 4))}] (0x${hex2(d.u8(at + 4))})`),
    ],
    3: [
      6,
      (d, at, length) => {
        d.out += `\n\t    vlan id (VID): ${d.u16(at + 4)}`;
        if (length < 7 || length < 7 + d.u8(at + 6)) return;
        d.out += '\n\t    vlan name: ';
        sayPadded(d, at + 7, d.u8(at + 6));
      },
    ],
    4: [
      5,
      (d, at, length) => {
        if (length < 5 + d.u8(at + 4)) return;
        d.out += '\n\t    protocol identity: ';
        sayPadded(d, at + 5, d.u8(at + 4));
      },
    ],
    7: [9, sayAggregation],
    8: [
      6,
      (d, at) => {
        sayBits(d, 'Pre-Priority CNPV Indicator', d.u8(at + 4));
        sayBits(d, 'Pre-Priority Ready Indicator', d.u8(at + 5));
      },
    ],
    9: [
      25,
      (d, at) => {
        const flags = d.u8(at + 4);
        d.out += `\n\t    Willing:${flags >> 7}, CBS:${(flags >> 6) & 2}, RES:${(flags >> 3) & 7}, Max TCs:${flags & 7}`;
        sayClasses(d, at + 5);
      },
    ],
    10: [
      25,
      (d, at) => {
        d.out += `\n\t    RES: ${d.u8(at + 4)}`;
        sayClasses(d, at + 5);
      },
    ],
    11: [
      6,
      (d, at) => {
        const flags = d.u8(at + 4);
        d.out += `\n\t    Willing: ${flags >> 7}, MBC: ${bit(flags, 6)}, RES: ${(flags >> 4) & 3}, PFC cap:${flags & 15} `;
        sayBits(d, 'PFC Enable', d.u8(at + 5));
      },
    ],
    12: [
      5,
      (d, at, length) => {
        d.out += `\n\t    RES: ${d.u8(at + 4)}`;
        if (length <= 5 || (length - 5) % 3 !== 0) return;
        d.out += '\n\t    Application Priority Table';
        for (let i = 5; i < length; i += 3) {
          const flags = d.u8(at + i);
          d.out += `\n\t      Priority: ${flags >> 5}, RES: ${(flags >> 3) & 3}, Sel: ${flags & 7}, Protocol ID: ${d.u16(at + i)}`;
        }
      },
    ],
    13: [
      9,
      (d, at) => {
        const [bridge, station, retries, mode, keep] = [4, 5, 6, 7, 8].map((i) => d.u8(at + i)) as [
          number,
          number,
          number,
          number,
          number,
        ];
        d.out += `\n\t    EVB Bridge Status\n\t      RES: ${bridge >> 3}, BGID: ${bit(bridge, 2)}, RRCAP: ${bit(bridge, 1)}, RRCTR: ${bridge & 1}`;
        d.out += `\n\t    EVB Station Status\n\t      RES: ${station >> 4}, SGID: ${bit(station, 3)}, RRREQ: ${bit(station, 2)},RRSTAT: ${station & 3}`;
        d.out += `\n\t    R: ${retries >> 5}, RTE: ${retries & 31}, EVB Mode: ${MODES(mode >> 6)} [${mode >> 6}]`;
        d.out += `\n\t    ROL: ${bit(mode, 5)}, RWD: ${mode & 31}, RES: ${keep >> 6}, ROL: ${bit(keep, 5)}, RKA: ${keep & 31}`;
      },
    ],
    14: [
      8,
      (d, at, length) => {
        const flags = d.u8(at + 4);
        d.out += `\n\t    Role: ${flags >> 7}, RES: ${(flags >> 4) & 7}, Scomp: ${bit(flags, 3)} ChnCap: ${d.u16(at + 6) & 0xfff}`;
        for (let i = 8; i < length && (length - 8) % 3 === 0; i += 3)
          d.out += `\n\t    SCID: ${d.u24(at + i) >> 12}, SVID: ${d.u24(at + i) & 0xfff}`;
      },
    ],
  },
);
const SUPPORT = bitNames('2 supported|4 enabled');

const NEGOTIATION = bitNames('1 supported|enabled');
const SPEEDS = bitNames(
  '0x4000 10BASE-T hdx|0x2000 10BASE-T fdx|0x1000 100BASE-T4|0x800 100BASE-TX hdx|0x400 100BASE-TX fdx|0x200 100BASE-T2 hdx|0x100 100BASE-T2 fdx|128 Pause for fdx links|64 Asym PAUSE for fdx|32 Sym PAUSE for fdx|16 Asym and Sym PAUSE for fdx|8 1000BASE-{X LX SX CX} hdx|4 1000BASE-{X LX SX CX} fdx|2 1000BASE-T hdx|1 1000BASE-T fdx',
  'unknown',
);
const UNITS = unknown(
  'Unknown|AUI|10BASE_5|FOIRL|10BASE2|10BASET duplex mode unknown|10BASEFP|10BASEFB|10BASEFL duplex mode unknown|10BROAD36|10BASET hdx|10BASET fdx|10BASEFL hdx|10BASEFL fdx|100BASET4|100BASETX hdx|100BASETX fdx|100BASEFX hdx|100BASEFX fdx|100BASET2 hdx|100BASET2 fdx|1000BASEX hdx|1000BASEX fdx|1000BASELX hdx|1000BASELX fdx|1000BASESX hdx|1000BASESX fdx|1000BASECX hdx|1000BASECX fdx|1000BASET hdx|1000BASET fdx|10GBASEX|10GBASELX4|10GBASER|10GBASEER|10GBASELR|10GBASESR|10GBASEW|10GBASEEW|10GBASELW|10GBASESW',
);
const POWER = bitNames('1 PSE|supported|4 enabled|8 can be controlled');
const PAIRS = unknown('1 signal|spare');
const CLASSES = unknown('1 class0|class1|class2|class3|class4');
const links = table(unknown('1 MAC/PHY configuration/status|Power via MDI|Link aggregation|Max frame size'), {
  1: [
    9,
    (d, at) => {
      const [negotiates, speeds, unit] = [d.u8(at + 4), d.u16(at + 5), d.u16(at + 7)];
      d.out += `\n\t    autonegotiation [${NEGOTIATION(negotiates)}] (0x${hex2(negotiates)})`;
      d.out += `\n\t    PMD autoneg capability [${SPEEDS(speeds)}] (0x${hex4(speeds)})`;
      d.out += `\n\t    MAU type ${UNITS(unit)} (0x${hex4(unit)})`;
    },
  ],
  2: [
    7,
    (d, at) =>
      (d.out += `\n\t    MDI power support [${POWER(d.u8(at + 4))}], power pair ${PAIRS(d.u8(at + 5))}, power class ${CLASSES(d.u8(at + 6))}`),
  ],
  3: [9, sayAggregation],
  4: [6, (d, at) => (d.out += `\n\t    MTU size ${d.u16(at + 4)}`)],
});

const iana = table(
  unknown('1 MUD-URL'),
  {
    1: [
      8,
      (d, at, length) => {
        d.out += '\n\t  MUD-URL=';
        sayText(d, at + 4, length - 4);
      },
    ],
  },
  8,
);

const MEDIA = bitNames(
  '1 LLDP-MED capabilities|network policy|4 location identification|8 extended power via MDI-PSE|16 extended power via MDI-PD|32 Inventory',
);
const DEVICES = unknown('1 endpoint class 1|endpoint class 2|endpoint class 3|network connectivity');
const APPLICATIONS = names(
  '1 voice|voice signaling|guest voice|guest voice signaling|softphone voice|video conferencing|streaming video|video signaling',
  'none',
);
const POLICY = bitNames('128 Unknown|64 Tagged|32 reserved');
const SOURCES = names(
  '1 PSE - primary power source|local - backup power source|PSE+local - reserved',
  'none',
);
const PRIORITIES = names('1 critical|high|low', 'none');
const INVENTORY = unknown(
  '5 Hardware revision|Firmware revision|Software revision|Serial number|Manufacturer name|Model name|Asset ID',
);
const inventory: Row = [
  4,
  (d, at, length) => {
    d.out += `\n\t  ${INVENTORY(d.u8(at + 3))} `;
    sayPadded(d, at + 4, length - 4);
  },
];
const media = table(
  unknown(
    '1 LLDP-MED Capabilities|Network policy|Location identification|Extended power-via-MDI|Inventory - hardware revision|Inventory - firmware revision|Inventory - software revision|Inventory - serial number|Inventory - manufacturer name|Inventory - model name|Inventory - asset ID',
  ),
  {
    1: [
      7,
      (d, at) => {
        d.out += `\n\t    Media capabilities [${MEDIA(d.u16(at + 4))}] (0x${hex4(d.u16(at + 4))})`;
        d.out += `\n\t    Device type [${DEVICES(d.u8(at + 6))}] (0x${hex2(d.u8(at + 6))})`;
      },
    ],
    2: [
      8,
      (d, at) => {
        const [kind, policy] = [d.u8(at + 4), d.u16(at + 6)];
        d.out += `\n\t    Application type [${APPLICATIONS(kind)}] (0x${hex2(kind)}), Flags [${POLICY(d.u8(at + 5))}]`;
        d.out += `\n\t    Vlan id ${(d.u16(at + 5) & 0x1ffe) >> 1}, L2 priority ${(policy & 0x01c0) >> 6}, DSCP value ${policy & 0x3f}`;
      },
    ],
    3: [5, printLocation],
    4: [
      7,
      (d, at) => {
        const [flags, power] = [d.u8(at + 4), d.u16(at + 5)];
        d.out += `\n\t    Power type [${flags & 3 ? 'PD' : 'PSE'} device], Power source [${SOURCES((flags & 0x30) >> 4)}]`;
        d.out += `\n\t    Power priority [${PRIORITIES(flags & 15)}] (0x${hex2(flags & 15)})`;
        d.out +=
          power < 1024
            ? `, Power ${(Math.fround(power) / 10).toFixed(1)} Watts`
            : `, Power ${power} (Reserved)`;
      },
    ],
    5: inventory,
    6: inventory,
    7: inventory,
    8: inventory,
    9: inventory,
    10: inventory,
    11: inventory,
  },
);

const FORMATS = unknown('1 coordinate-based LCI|civic address LCI|ECS ELIN');
const ALTITUDES = unknown('1 meters|floors');
const DATUMS = unknown(
  '1 World Geodesic System 1984|North American Datum 1983 (NAVD88)|North American Datum 1983 (MLLW)',
);
const WHOSE = unknown(
  'location of DHCP server|location of the network element believed to be closest to the client|location of the client',
);
const CIVIC = unknown(
  '1 national subdivisions (state,canton,region,province,prefecture)|county, parish, gun, district|city, township, shi|city division, borough, city district, ward chou|neighborhood, block|street',
);

/** RFC 6225 and RFC 4776, as TIA-1057 has them. */
function printLocation(d: Dissection, at: number, length: number): void {
  const format = d.u8(at + 4);
  d.out += `\n\t    Location data format ${FORMATS(format)} (0x${hex2(format)})`;
  if (format === 1) {
    if (length < 21) return;
    const degrees = (from: number): string =>
      `resolution ${d.u8(from) >> 2}, ${from === at + 5 ? 'latitude' : 'longitude'} value ${(d.u8(from) & 3) * 2 ** 32 + d.u32(from + 1)}`;
    d.out += `\n\t    Latitude ${degrees(at + 5)}\n\t    Longitude ${degrees(at + 10)}`;
    const type = d.u8(at + 15) >> 4;
    d.out += `\n\t    Altitude type ${ALTITUDES(type)} (${type})`;
    d.out += `\n\t    Altitude resolution ${(d.u16(at + 15) >> 6) & 0x3f}, altitude value 0x${(d.u32(at + 16) & 0x3fffffff).toString(16)}`;
    d.out += `\n\t    Datum ${DATUMS(d.u8(at + 20))} (0x${hex2(d.u8(at + 20))})`;
  } else if (format === 2) printCivic(d, at, length);
  else if (format === 3) {
    d.out += '\n\t    ECS ELIN id ';
    sayPadded(d, at + 5, length - 5);
  } else {
    d.out += '\n\t    Location ID ';
    printUnknown(d, at + 5, length - 5, '\n\t      ');
  }
}

function printCivic(d: Dissection, at: number, length: number): void {
  if (length < 6) return;
  const size = d.u8(at + 5);
  if (size < 3 || length < 7 + size) return;
  d.out += `\n\t    LCI length ${size}, LCI what ${WHOSE(d.u8(at + 6))} (0x${hex2(d.u8(at + 6))}), Country-code `;
  sayPadded(d, at + 7, 2);
  for (let next = at + 9, left = size - 3; left >= 2; ) {
    const [type, bytes] = [d.u8(next), d.u8(next + 1)];
    next += 2;
    left -= 2;
    d.out += `\n\t      CA type '${CIVIC(type)}' (${type}), length ${bytes}: `;
    if (type === 0 || bytes === 0 || left < bytes) return;
    sayPadded(d, next, bytes);
    next += bytes;
    left -= bytes;
  }
}

const REVISIONS = unknown(
  '1 DCB Capability Exchange Protocol Rev 1|DCB Capability Exchange Protocol Rev 1.01',
);

/** Data center bridging before 802.1Qaz, of which only revision 1.01 is read. */
const dcbx: Print = (d, start, length) => {
  if (length < 4) return false;
  const revision = d.u8(start + 3);
  d.out += `\n\t  ${REVISIONS(revision)} Subtype (${revision})`;
  if (revision === 1) return true;
  let hidden = false;
  for (let at = start + 4; start + length - at >= 2; ) {
    const [type, size] = [d.u8(at) >> 1, d.u16(at) & 0x1ff];
    hidden = false;
    at += 2;
    if (type === 0 || size === 0) break;
    if (!d.has(at, size) || start + length - at < size || size < (FEATURES[type]?.[0] ?? 0)) break;
    const row = FEATURES[type];
    if (row === undefined) hidden = true;
    else {
      d.out += `\n\t    ${row[1]} (type 0x${type}, length ${size})`;
      d.out += filled(d, at, '\n\t      Oper_Version: %1\n\t      Max_Version: %1');
      if (type > 1) sayFeature(d, at);
      row[2](d, at, size);
    }
    if (d.verbosity > 1 || hidden) printUnknown(d, at, size, '\n\t    ');
    at += size;
  }
  return hidden;
};

function sayFeature(d: Dissection, at: number): void {
  const flags = d.u8(at + 2);
  d.out += `\n\t      Info block(0x${hex2(flags).toUpperCase()}): Enable bit: ${bit(flags, 7)}, Willing bit: ${bit(flags, 6)}, Error Bit: ${bit(flags, 5)}`;
  d.out += `\n\t      SubType: ${d.u8(at + 3)}`;
}

const FEATURES: Readonly<
  Record<
    number,
    readonly [least: number, title: string, print: (d: Dissection, at: number, size: number) => void]
  >
> = {
  1: [
    10,
    'Control - Protocol Control',
    (d, at) => {
      d.out += filled(d, at + 2, '\n\t      Sequence Number: %4\n\t      Acknowledgement Number: %4');
    },
  ],
  2: [
    17,
    'Feature - Priority Group',
    (d, at) => {
      d.out += '\n\t      Priority Allocation';
      const groups = d.u32(at + 4);
      for (let i = 0; i < 8; i++) d.out += `\n\t          PgId_${i}: ${(groups >>> (28 - 4 * i)) & 15}`;
      d.out += '\n\t      Priority Group Allocation';
      for (const [i, share] of octets(d, at + 8).entries())
        d.out += `\n\t          Pg percentage[${i}]: ${share}`;
      d.out += `\n\t      NumTCsSupported: ${d.u8(at + 16)}`;
    },
  ],
  3: [
    6,
    'Feature - Priority Flow Control',
    (d, at) => {
      d.out += `\n\t      PFC Config (0x${hex2(d.u8(at + 4)).toUpperCase()})`;
      for (const [i, on] of bitsOf(d.u8(at + 4)).entries())
        d.out += `\n\t          Priority Bit ${i}: ${on ? 'Enabled' : 'Disabled'}`;
      d.out += `\n\t      NumTCPFCSupported: ${d.u8(at + 5)}`;
    },
  ],
  4: [
    4,
    'Feature - Application',
    (d, at, size) => {
      // tcpdump counts what is left in a byte.
      for (let next = at + 4, left = (size - 4) & 0xff; left >= 6; next += 6, left -= 6) {
        const oui = d.u24(next + 2);
        d.out += `\n\t      Application Value\n\t          Application Protocol ID: 0x${hex4(d.u16(next))}`;
        d.out += `\n\t          SF (0x${(oui >> 22).toString(16)}) Application Protocol ID is ${oui >> 22 ? 'Socket Number' : 'L2 EtherType'}`;
        d.out += `\n\t          OUI: 0x${(oui & 0x3fffff).toString(16).padStart(6, '0')}\n\t          User Priority Map: 0x${hex2(d.u8(next + 5))}`;
      }
    },
  ],
};

/** By organization. */
export const PRIVATE: Readonly<Record<number, Print>> = {
  32962: bridges,
  4623: links,
  94: iana,
  4795: media,
  6945: dcbx,
};
