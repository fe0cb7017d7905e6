/** RADIUS (RFC 2865, RFC 2866, RFC 5176): messages and their attributes. */

import { ip6Text } from '../frame/addresses.js';
import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii, printUnknown } from '../frame/hexdump.js';
import { bytes, u8, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { bitNames, type Names, names } from '../frame/names.js';
import { hex2, hexBytes, sayText } from '../frame/text.js';
import { printEap } from '../link/eapol.js';
import { ntpTime } from './ntp.js';

const HEADER = 20;
const CODES = names(
  '1 Access-Request|Access-Accept|Access-Reject|Accounting-Request|Accounting-Response|11 Access-Challenge|Status-Server|Status-Client|40 Disconnect-Request|Disconnect-ACK|Disconnect-NAK|CoA-Request|CoA-ACK|CoA-NAK|255 Reserved',
  'Unknown Command',
);
export const RADIUS = layout('radius', {
  code: u8(0),
  id: u8(1),
  length: u16(2),
  authenticator: bytes(4, 16),
});

export function printRadius(d: Dissection, at: number, length: number): void {
  d.cutAs = 'radius';
  untilCut(d, () => {
    ask(d, at, HEADER);
    const [code, id] = [d.u8(at), hex2(d.u8(at + 1))];
    const size = Math.min(d.u16(at + 2), length);
    if (d.u16(at + 2) < HEADER) throw ENDS_EARLY;
    const head = `${CODES(code)} (${code}), id: 0x${id}`;
    if (!d.verbosity) {
      d.out += `RADIUS, ${head} length: ${size}`;
      return;
    }
    d.out += `RADIUS, length: ${size}\n\t${head}, Authenticator: ${hexBytes(d, at + 4, 16)}`;
    printAttributes(d, at + HEADER, at + size);
  });
}

const NAMES = names(
  '1 User-Name|User-Password|CHAP-Password|NAS-IP-Address|NAS-Port|Service-Type|Framed-Protocol|Framed-IP-Address|Framed-IP-Netmask|Framed-Routing|Filter-Id|Framed-MTU|Framed-Compression|Login-IP-Host|Login-Service|Login-TCP-Port|Unassigned|Reply-Message|Callback-Number|Callback-Id|Unassigned|Framed-Route|Framed-IPX-Network|State|Class|Vendor-Specific|Session-Timeout|Idle-Timeout|Termination-Action|Called-Station-Id|Calling-Station-Id|NAS-Identifier|Proxy-State|Login-LAT-Service|Login-LAT-Node|Login-LAT-Group|Framed-AppleTalk-Link|Framed-AppleTalk-Network|Framed-AppleTalk-Zone|Acct-Status-Type|Acct-Delay-Time|Acct-Input-Octets|Acct-Output-Octets|Acct-Session-Id|Acct-Authentic|Acct-Session-Time|Acct-Input-Packets|Acct-Output-Packets|Acct-Terminate-Cause|Acct-Multi-Session-Id|Acct-Link-Count|Acct-Input-Gigawords|Acct-Output-Gigawords|Unassigned|Event-Timestamp|Egress-VLANID|Ingress-Filters|Egress-VLAN-Name|User-Priority-Table|CHAP-Challenge|NAS-Port-Type|Port-Limit|Login-LAT-Port|Tunnel-Type|Tunnel-Medium-Type|Tunnel-Client-Endpoint|Tunnel-Server-Endpoint|Acct-Tunnel-Connection|Tunnel-Password|ARAP-Password|ARAP-Features|ARAP-Zone-Access|ARAP-Security|ARAP-Security-Data|Password-Retry|Prompt|Connect-Info|Configuration-Token|EAP-Message|Message-Authenticator|Tunnel-Private-Group-ID|Tunnel-Assignment-ID|Tunnel-Preference|ARAP-Challenge-Response|Acct-Interim-Interval|Acct-Tunnel-Packets-Lost|NAS-Port-Id|Framed-Pool|CUI|Tunnel-Client-Auth-ID|Tunnel-Server-Auth-ID|NAS-Filter-Rule|Unassigned|Originating-Line-Info|NAS-IPv6-Address|Framed-Interface-ID|Framed-IPv6-Prefix|Login-IPv6-Host|Framed-IPv6-Route|Framed-IPv6-Pool|Error-Cause|EAP-Key-Name|Digest-Response|Digest-Realm|Digest-Nonce|Digest-Response-Auth|Digest-Nextnonce|Digest-Method|Digest-URI|Digest-Qop|Digest-Algorithm|Digest-Entity-Body-Hash|Digest-CNonce|Digest-Nonce-Count|Digest-Username|Digest-Opaque|Digest-Auth-Param|Digest-AKA-Auts|Digest-Domain|Digest-Stale|Digest-HA1|SIP-AOR|Delegated-IPv6-Prefix|MIP6-Feature-Vector|MIP6-Home-Link-Prefix|Operator-Name|Location-Information|Location-Data|Basic-Location-Policy-Rules',
);

function printAttributes(d: Dissection, start: number, end: number): void {
  for (let at = start; at < end; ) {
    if (end - at < 2) throw ENDS_EARLY;
    ask(d, at, 2);
    const [type, size] = [d.u8(at), d.u8(at + 1)];
    d.out += `\n\t  ${NAMES(type)} Attribute (${type}), length: ${size}`;
    if (size < 2) {
      d.out += ' (bogus, must be >= 2)';
      return;
    }
    if (size > end - at) {
      d.out += ' (bogus, goes past end of packet)';
      return;
    }
    d.out += ', Value: ';
    const print = PRINT[kindOf(type)];
    if (size > 2) untilCut(d, () => print?.(d, at + 2, size - 2, type));
    if (d.verbosity > 1) printUnknown(d, at + 2, size - 2, '\n\t    ');
    at += size;
  }
}

/** What an attribute holds, a letter for each number from 0. */
const KINDS =
  '-s--annnaansnnann-sss-snssvnnnsssssssnnsnnnnsnnnnnsnnn-tnns-snnsnnssssxxnssnnssssssnxnnssssss--6-p6ssx-sssssssssssssssssssspfholdb';
const kindOf = (type: number): string => KINDS[type] ?? '-';

type Print = (d: Dissection, at: number, size: number, type: number) => void;

const printable = (octet: number): string =>
  octet >= 0x20 && octet <= 0x7e ? String.fromCharCode(octet) : '.';

/** Up to a zero byte. */
function sayString(d: Dissection, at: number, size: number): void {
  for (let i = 0; i < size && d.u8(at + i) !== 0; i++) d.out += printable(d.u8(at + i));
}

const tag = (octet: number): string => `Tag[${octet || 'Unused'}] `;
const TAGGED = names('49 Tagged|Untagged', 'Unknown tag');
/** Strings that may begin with a tag: of tunnels. */
const MAY_BE_TAGGED = new Set([66, 67, 81, 82, 90, 91]);

const PRINT: Readonly<Record<string, Print>> = {
  s(d, at, size, type) {
    ask(d, at, size);
    let skip = 0;
    if (type === 79) {
      printEap(d, at, size);
      return;
    }
    if (type === 69) {
      if (size < 3) throw ENDS_EARLY;
      const first = d.u8(at);
      d.out += `${tag(first <= 0x1f ? first : 0)}Salt ${d.u16(at + 1)} `;
      skip = 3;
    } else if (MAY_BE_TAGGED.has(type) && d.u8(at) <= 0x1f) {
      d.out += tag(d.u8(at));
      skip = 1;
    } else if (type === 58) {
      d.out += `${TAGGED(d.u8(at))} (0x${hex2(d.u8(at))}) `;
      skip = 1;
    }
    sayString(d, at + skip, size - skip);
  },
  a: exactly(4, (d, at, type) => {
    const address = d.u32(at);
    if (type === 8 || type === 14) {
      if (address === 0xffffffff) return 'User Selected';
      if (address === 0xfffffffe) return 'NAS Select';
    }
    return d.ip4(at);
  }),
  n: exactly(4, number),
  v: printVendor,
  t: exactly(4, (d, at) => timeText(d.u32(at))),
  6: exactly(16, (d, at) => d.ip6(at)),
  p(d, at, size) {
    if (size < 2 || size > 18) {
      d.out += `ERROR: length ${size} not in range (2..18)`;
      return;
    }
    ask(d, at, size);
    const bits = d.u8(at + 1);
    if (bits > 128) {
      d.out += `ERROR: netmask ${bits} not in range (0..128)`;
      return;
    }
    const prefix = new Uint8Array(16);
    prefix.set(d.data.subarray(at + 2, at + size));
    d.out += `${ip6Text(prefix, 0)}/${bits}${bits > 8 * (size - 2) ? ' (inconsistent prefix length)' : ''}`;
  },
  f: exactly(8, (d, at) => `[${MOBILITY(d.u32(at + 4), '')}]`),
  h: exactly(17, (d, at) => {
    ask(d, at, 17);
    const bits = d.u8(at);
    return bits > 128 ? `ERROR: netmask ${bits} not in range (0..128)` : `${d.ip6(at + 1)}/${bits}`;
  }),
  o: atLeast(2, (d, at, size) => {
    d.out += `[${OPERATORS(d.u8(at), `unknown namespace ${d.u8(at)}`)}] `;
    sayText(d, at + 1, size - 1);
  }),
  l: atLeast(21, (d, at, size) => {
    const [code, entity] = [d.u8(at + 2), d.u8(at + 3)];
    d.out += `index ${d.u16(at)}, code ${LOCATIONS(code, `Unknown (${code})`)}, entity ${ENTITIES(entity, `Unknown (${entity})`)}, `;
    d.out += `sighting time ${ntpTime(d, at + 4)}, time to live ${ntpTime(d, at + 12)}, method "`;
    sayText(d, at + 20, size - 20);
    d.out += '"';
  }),
  d: atLeast(3, (d, at, size) => {
    d.out += `index ${d.u16(at)}, location`;
    printHexAscii(d, at + 2, size - 2, '\n\t    ');
  }),
  b: atLeast(10, (d, at, size) => {
    d.out += `flags [${RULES(d.u16(at))}], retention expires ${ntpTime(d, at + 2)}`;
    if (size <= 10) return;
    d.out += ', note well "';
    sayText(d, at + 10, size - 10);
    d.out += '"';
  }),
  x: printStrange,
};
const MOBILITY = bitNames('1 MIP6_INTEGRATED|LOCAL_HOME_AGENT_ASSIGNMENT');
const OPERATORS = names('48 TADIG|REALM|E212|ICC');
const LOCATIONS = names('Civic|Geospatial');
const ENTITIES = names('User|RADIUS');
const RULES = bitNames(
  '1 MBZ-15|MBZ-14|4 MBZ-13|8 MBZ-12|16 MBZ-11|32 MBZ-10|64 MBZ-9|128 MBZ-8|0x100 MBZ-7|0x200 MBZ-6|0x400 MBZ-5|0x800 MBZ-4|0x1000 MBZ-3|0x2000 MBZ-2|0x4000 MBZ-1|0x8000 Retransmission Allowed',
);

function exactly(length: number, words: (d: Dissection, at: number, type: number) => string): Print {
  return (d, at, size, type) => {
    const said = size === length ? words(d, at, type) : `ERROR: length ${size} != ${length}`;
    d.out += said;
  };
}
function atLeast(length: number, print: (d: Dissection, at: number, size: number) => void): Print {
  return (d, at, size) => {
    ask(d, at, size);
    if (size < length) d.out += `ERROR: length ${size} < ${length}`;
    else print(d, at, size);
  };
}

/** Names of values, by attribute. */
// biome-ignore format: a table
const VALUES: Readonly<Record<number, Names>> = {
  6: names('1 Login|Framed|Callback Login|Callback Framed|Outbound|Administrative|NAS Prompt|Authenticate Only|Callback NAS Prompt|Call Check|Callback Administrative|Voice|Fax|Modem Relay|IAPP-Register|IAPP-AP-Check|Authorize Only|Framed-Management|Additional-Authorization'),
  7: names('1 PPP|SLIP|ARAP|Gandalf proprietary|Xylogics IPX/SLIP|X.75 Synchronous|GPRS PDP Context'),
  10: names('None|Send|Listen|Send&Listen'),
  13: names('None|VJ TCP/IP|IPX|Stac-LZS'),
  15: names('Telnet|Rlogin|TCP Clear|PortMaster(proprietary)|LAT|X.25-PAD|X.25-T3POS|Unassigned|TCP Clear Quiet'),
  29: names('Default|RADIUS-Request'),
  40: names('1 Start|Stop|Interim-Update|Unassigned|Unassigned|Unassigned|Accounting-On|Accounting-Off|Tunnel-Start|Tunnel-Stop|Tunnel-Reject|Tunnel-Link-Start|Tunnel-Link-Stop|Tunnel-Link-Reject|Failed'),
  45: names('1 RADIUS|Local|Remote|Diameter'),
  49: names('1 User Request|Lost Carrier|Lost Service|Idle Timeout|Session Timeout|Admin Reset|Admin Reboot|Port Error|NAS Error|NAS Request|NAS Reboot|Port Unneeded|Port Preempted|Port Suspended|Service Unavailable|Callback|User Error|Host Request|Supplicant Restart|Reauthentication Failure|Port Reinitialized|Port Administratively Disabled|Lost Power'),
  57: names('1 Enabled|Disabled'),
  61: names('Async|Sync|ISDN Sync|ISDN Async V.120|ISDN Async V.110|Virtual|PIAFS|HDLC Clear Channel|X.25|X.75|G.3 Fax|SDSL|ADSL-CAP|ADSL-DMT|ISDN-DSL|Ethernet|xDSL|Cable|Wireless - Other|Wireless - IEEE 802.11|Token-Ring|FDDI|Wireless - CDMA200|Wireless - UMTS|Wireless - 1X-EV|IAPP|FTTP|Wireless - IEEE 802.16|Wireless - IEEE 802.20|Wireless - IEEE 802.22|PPPoA|PPPoEoA|PPPoEoE|PPPoEoVLAN|PPPoEoQinQ|xPON|Wireless - XGP|WiMAX Pre-Release 8 IWK Function|WIMAX-WIFI-IWK|WIMAX-SFF|WIMAX-HA-LMA|WIMAX-DHCP|WIMAX-LBS|WIMAX-WVS'),
  64: names('1 PPTP|L2F|L2TP|ATMP|VTP|AH|IP-IP|MIN-IP-IP|ESP|GRE|DVS|IP-in-IP Tunneling|VLAN'),
  65: names('1 IPv4|IPv6|NSAP|HDLC|BBN 1822|802|E.163|E.164|F.69|X.121|IPX|Appletalk|Decnet IV|Banyan Vines|E.164 with NSAP subaddress'),
  72: names('1 Only access to dfl zone|Use zone filter inc.|Not used|Use zone filter exc.'),
  76: names('No Echo|Echo'),
};
/** Durations. */
const TIMES = new Set([27, 28, 41, 46, 85]);

function number(d: Dissection, at: number, type: number): string {
  if (type === 56) {
    d.out += `${TAGGED(d.u8(at))} (0x${hex2(d.u8(at))}) `;
    return `${d.u24(at + 1)}`;
  }
  const value = d.u32(at);
  const values = VALUES[type];
  const two = (n: number): string => `${n}`.padStart(2, '0');
  if (values !== undefined) {
    if (type !== 64 && type !== 65) return values(value, `#${value}`);
    return tag(d.u8(at)) + values(d.u24(at + 1), `#${d.u24(at + 1)}`);
  }
  if (TIMES.has(type)) {
    if (value < 60) return `${two(value)} secs`;
    if (value < 3600) return `${two(Math.floor(value / 60))}:${two(value % 60)} min`;
    return `${two(Math.floor(value / 3600))}:${two(Math.floor((value % 3600) / 60))}:${two(value % 60)} hours`;
  }
  if (type === 23 && value === 0xfffffffe) return 'NAS Select';
  if (type === 37 && value === 0) return 'Unnumbered';
  if (type === 38 && value === 0) return 'NAS assigned';
  if (type === 83) return `${tag(d.u8(at))}${d.u24(at + 1)}`;
  return `${value}`;
}

/** As ctime() writes it, in the zone of the process. */
function timeText(seconds: number): string {
  const date = new Date(seconds * 1000);
  const [day, month, number, year, time] = date.toString().split(' ');
  return `${day} ${month} ${String(Number(number)).padStart(2)} ${time} ${year}`;
}

export const SMI_VENDORS = names(
  'IETF (reserved)|5 ACC|9 Cisco|11 Hewlett Packard|42 Sun Microsystems|61 Merit|74 AT&T|161 Motorola|166 Shiva|193 Ericsson AB|255 Cisco VPN 5000|0x133 Livingston|0x137 Microsoft|0x1ad 3Com|0x211 Ascend|0x630 Bay Networks|0x7c7 Foundry|0x884 Versanet|0x930 Redback|0xa4c Juniper Networks|Aptis|0xb79 Deutsche Telekom AG|0xbee Ixia Communications|0xc04 Cisco VPN 3000|0xc0d CoSine Communications|0xc98 Netscreen|0xc7f Shasta|0xced Nomadix|0xd56 T-Mobile|0xde9 The Broadband Forum|0xf3e ZTE|0x10e9 Siemens|0x118b CableLabs|0x130a Unisphere Networks|0x148f Cisco BBSM|0x159f 3rd Generation Partnership Project 2 (3GPP2)|0x16ae SK Telecom|0x1725 ipUnplugged|0x173c Issanni Communications|0x173f Netscaler|0x195a T-Mobile|0x19da Quintum|0x1a48 Interlink|0x1f0f CNCTC|0x1fe4 Starent Networks|0x2228 Colubris|0x28af 3GPP|0x2921 Gemtek-Systems|0x29d0 Barracuda Networks|0x2aab Ericsson AB - Packet Core Networks|0x2d91 dacom|0x2e56 Columbia University|0x3044 Fortinet|0x3297 Verizon Wireless|0x35b1 Plixer|0x372a Wi-Fi Alliance|0x4193 T-Systems Nova|0x51ce China Telecom - Guangzhou Research Institute|0x68f2 Gigamon Systems|0x7f6e CACE Technologies|0x8b30 ntop|0xb412 Ericsson Canada',
);

function printVendor(d: Dissection, start: number, length: number): void {
  if (length < 4) throw ENDS_EARLY;
  const vendor = d.u32(start);
  d.out += `Vendor: ${SMI_VENDORS(vendor)} (${vendor})`;
  const end = start + length;
  for (let at = start + 4; end - at >= 2; ) {
    const [type, size] = [d.u8(at), d.u8(at + 1)];
    const head = `\n\t    Vendor Attribute: ${type}, Length: `;
    if (size < 2 || size > end - at) {
      d.out += `${head}${size} (bogus, ${size < 2 ? 'must be >= 2' : 'goes past end of vendor-specific attribute'})`;
      return;
    }
    ask(d, at + 2, size - 2);
    d.out += `${head}${size - 2}, Value: `;
    for (let i = 2; i < size; i++) d.out += printable(d.u8(at + i));
    at += size;
  }
}

const CAUSES = names(
  '201 Residual Session Context Removed|Invalid EAP Packet (Ignored)|0x191 Unsupported Attribute|Missing Attribute|NAS Identification Mismatch|Invalid Request|Unsupported Service|Unsupported Extension|Invalid Attribute Value|0x1f5 Administratively Prohibited|Request Not Routable (Proxy)|Session Context Not Found|Session Context Not Removable|Other Proxy Processing Error|Resources Unavailable|Request Initiated|Multiple Session Selection Unsupported|Location Info Required',
);

function printStrange(d: Dissection, at: number, size: number, type: number): void {
  const needed = type === 70 ? 16 : type === 71 ? 14 : type === 84 ? 8 : 4;
  if (type === 84 ? size < needed : size !== needed) {
    d.out += `${type === 101 ? 'Error' : 'ERROR'}: length ${size} != ${needed}`;
    return;
  }
  if (type === 70) d.out += `User_challenge (${hexBytes(d, at, 8)}) User_resp(${hexBytes(d, at + 8, 8)})`;
  else if (type === 71) {
    d.out += `User can${d.u8(at) ? '' : 'not'} change password, Min password length: ${d.u8(at + 1)}`;
    d.out += `, created at: ${hexBytes(d, at + 2, 4)}, expires in: ${hexBytes(d, at + 6, 4)}, Current Time: ${hexBytes(d, at + 10, 4)}`;
  } else if (type === 84) d.out += hexBytes(d, at, 8);
  else d.out += `Error cause ${d.u32(at)}: ${CAUSES(d.u32(at), `Error-Cause ${d.u32(at)} not known`)}`;
}
