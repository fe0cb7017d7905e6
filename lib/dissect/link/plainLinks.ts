/** Link types that little stands before: addresses or a few words, and what an EtherType or a family announces. */

import { ETHERNET_MTU } from '../../names/index.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { hex4, hex8, hexBytes } from '../frame/text.js';
import { ETHERTYPE_NAMES, printEtherType } from '../tables/ethertypes.js';
import { printEthernet } from './ethernet.js';
import { printLlc } from './llc.js';

type LinkPrinter = (d: Dissection, length: number) => void;

/** A header of that size, which is cut where less is there. */
const behind =
  (cutAs: string, size: number, print: LinkPrinter): LinkPrinter =>
  (d, length) => {
    d.cutAs = cutAs;
    if (!d.has(0, size)) {
      d.linkHeaderLength = d.end;
      d.markTruncated();
      return;
    }
    d.linkHeaderLength = size;
    print(d, length);
  };

/** An EtherType at `place` in a header of `size` bytes, said as `-e` has it; `before` says addresses. */
const typed = (
  cutAs: string,
  size: number,
  place: number,
  before: (d: Dissection) => string,
  unread = before,
): LinkPrinter =>
  behind(cutAs, size, (d, length) => {
    const type = d.u16(place);
    const name = ETHERTYPE_NAMES.get(type);
    const head = (words: string): void => {
      const known =
        type <= ETHERNET_MTU && cutAs === 'symantec'
          ? `invalid ethertype ${type}`
          : d.quiet
            ? (name ?? `Unknown Ethertype (0x${hex4(type)})`)
            : `ethertype ${name ?? 'Unknown'} (0x${hex4(type)})`;
      d.out += `${words}${known}, length ${length}: `;
    };
    if (d.showsLink) head(before(d));
    if (printEtherType(d, type, size, length - size, d.end - size, -1, -1)) return;
    if (!d.showsLink) head(unread(d));
    if (d.dumpUnknown) printHexAscii(d, size, d.end - size);
  });

const octets = (d: Dissection, at: number): string => hexBytes(d, at, 8).replace(/..(?!$)/g, '$&:');

/** LINKTYPE_APPLE_IP_OVER_IEEE1394. */
export const printFireWire = typed('ap1394', 18, 16, (d) => `${octets(d, 8)} > ${octets(d, 0)}, `);
/** LINKTYPE_SYMANTEC_FIREWALL. */
export const printSymantec = typed('symantec', 44, 6, () => '');
/** LINKTYPE_IPOIB. */
export const printInfiniBand = typed(
  'ipoib',
  44,
  40,
  () => 'IPOIB, ',
  () => ', ',
);

/** LINKTYPE_ENC: what IPsec of OpenBSD has opened. */
export const printEncapsulated = behind('enc', 12, (d, length) => {
  const little = d.u32le(0);
  const isLittle = little <= 0xffff;
  const family = isLittle ? little : d.u32(0);
  let flags = isLittle ? d.u32le(8) : d.u32(8);
  d.out += flags === 0 ? '(unprotected): ' : '(';
  for (const [bit, name] of [
    [0x800, 'authentic'],
    [0x400, 'confidential'],
  ] as const) {
    if (!(flags & bit)) continue;
    // What else is set is not said, but waited for.
    d.out += `${name}${flags === bit ? '): ' : ','}`;
    flags &= ~bit;
  }
  d.out += `SPI 0x${hex8(d.u32(4))}: `;
  if (family === 2) d.next.ip4(d, 12, length - 12);
  else if (family === 24 || family === 28 || family === 30) d.next.ip6(d, 12, length - 12);
});

/** LINKTYPE_IP_OVER_FC. */
export const printFibreChannel = behind('ipfc', 16, (d, length) => {
  if (d.showsLink) d.out += `${d.mac(10)} > ${d.mac(2)}, length ${length}: `;
  const header = printLlc(d, 16, length - 16, d.end - 16, 10, 2);
  if (header < 0 && d.dumpUnknown) printHexAscii(d, 16, d.end - 16);
  d.linkHeaderLength = 16 + Math.abs(header);
});

/** LINKTYPE_BLUETOOTH_HCI_H4_WITH_PHDR. */
export const printBluetooth: LinkPrinter = (d, length) => {
  d.out += 'bluetooth';
  behind('bluetooth', 4, () => {
    if (d.showsLink) d.out += `, hci length ${length - 4}, direction ${d.u32(0) & 1 ? 'in' : 'out'}`;
    if (d.dumpUnknown) printHexAscii(d, 4, d.end - 4);
  })(d, length);
};

/** LINKTYPE_NETANALYZER and LINKTYPE_NETANALYZER_TRANSPARENT: Ethernet behind a header, and behind a preamble. */
export const printNetAnalyzer = (cutAs: string, size: number): LinkPrinter =>
  behind(cutAs, size, (d, length) => {
    d.linkHeaderLength = size + printEthernet(d, size, length - size, d.end - size);
  });
