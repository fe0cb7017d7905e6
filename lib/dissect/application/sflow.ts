/** sFlow version 5 (https://sflow.org/sflow_version_5.txt): samples of packets and of counters. */

import { ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { ip4, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';
import { filled } from '../frame/text.js';
import type { Dissector } from '../frame/walk.js';

export const SFLOW = layout('sflow', {
  '.sflow_245.version': u32(0),
  '.sflow_245.agent': ip4(8).when((p) => p.u32(4) === 1),
  '.sflow_245.sub_agent_id': u32(12).when((p) => p.u32(0) === 5),
  '.sflow_245.sequence_number': u32(16),
  '.sflow_245.sysuptime': u32(20),
  '.sflow_245.numsamples': u32(24),
});

const HEADER = 28;

export const dissectSflow: Dissector = (w, at, limit) => {
  if (w.u32(at) === 5) w.layer(SFLOW, at, limit, limit);
  else w.give(undefined, at, limit);
};

const SAMPLES = names('1 flow sample|counter sample|expanded flow sample|expanded counter sample');

export function printSflow(d: Dissection, at: number, length: number): void {
  d.cutAs = 'sflow';
  const invalid = (): void => d.markInvalid();
  untilCut(
    d,
    () => {
      const version = d.u32(at);
      if (version !== 5) {
        d.out += `sFlow version ${version} packet not supported`;
        return;
      }
      if (length < HEADER) {
        d.out += `sFlowv5 [length ${length} < ${HEADER}]`;
        throw ENDS_EARLY;
      }
      d.need(at, HEADER);
      d.out += `sFlowv5, ${d.u32(at + 4) === 1 ? 'IPv4' : 'IPv6'} agent ${d.ip4(at + 8)}, agent-id ${d.u32(at + 12)}, `;
      if (d.verbosity) d.out += filled(d, at + 16, 'seqnum %4, uptime %4, samples %4, ');
      d.out += `length ${length}`;
      if (d.verbosity) printSamples(d, at + HEADER, length - HEADER, d.u32(at + 24));
    },
    invalid,
  );
}

/** How a sample begins, how its records are told apart, and what they hold. */
interface Sample {
  readonly size: number;
  readonly head: string;
  readonly records: Records;
}
interface Records {
  readonly names: (type: number) => string;
  readonly comma: string;
  readonly shift: number;
  /** Size and text of each kind; an empty text for those that say nothing. */
  readonly kinds: Readonly<Record<number, readonly [size: number, text: string]>>;
  readonly quiet: (type: number) => boolean;
}

const LINE = '\n\t      ';
const COUNTERS: Records = {
  names: names(
    '1 Generic counter|Ethernet counter|Token ring counter|4 100 BaseVG counter|Vlan counter|0x3e9 Processor counter',
  ),
  comma: ',',
  shift: 20,
  kinds: {
    1: [
      88,
      `${LINE}ifindex %4, iftype %4, ifspeed %8, ifdirection %4${LINE}ifstatus %4${LINE}In octets %8, unicast pkts %4, multicast pkts %4, broadcast pkts %4, discards %4${LINE}In errors %4, unknown protos %4${LINE}Out octets %8, unicast pkts %4, multicast pkts %4, broadcast pkts %4, discards %4${LINE}Out errors %4, promisc mode %4`,
    ],
    2: [
      52,
      `${LINE}align errors %4, fcs errors %4, single collision %4, multiple collision %4, test error %4${LINE}deferred %4, late collision %4, excessive collision %4, mac trans error %4${LINE}carrier error %4, frames too long %4, mac receive errors %4, symbol errors %4`,
    ],
    3: [0, ''],
    4: [
      80,
      `${LINE}in high prio frames %4, in high prio octets %8${LINE}in norm prio frames %4, in norm prio octets %8${LINE}in ipm errors %4, oversized %4, in data errors %4, null addressed frames %4${LINE}out high prio frames %4, out high prio octets %8, trans into frames %4${LINE}in hc high prio octets %8, in hc norm prio octets %8, out hc high prio octets %8`,
    ],
    5: [28, `${LINE}vlan_id %4, octets %8, unicast_pkt %4, multicast_pkt %4, broadcast_pkt %4, discards %4`],
    1001: [28, `${LINE}5sec %4, 1min %4, 5min %4, total_mem %8, total_mem %8`],
  },
  quiet: () => false,
};
const FLOWS: Records = {
  names: names(
    '1 Raw packet|Ethernet frame|IPv4 Data|IPv6 Data|0x3e9 Extended Switch data|Extended Router data|Extended Gateway data|Extended User data|Extended URL data|Extended MPLS data|Extended NAT data|Extended MPLS tunnel|Extended MPLS VC|Extended MPLS FEC|Extended MPLS LVP FEC|Extended VLAN Tunnel',
  ),
  comma: '',
  shift: 12,
  kinds: {
    1: [16, `${LINE}protocol %4, length %4, stripped bytes %4, header_size %4`],
    2: [24, `${LINE}frame len %4%_16, type %4`],
    1001: [16, `${LINE}src vlan %4, src pri %4, dst vlan %4, dst pri %4`],
  },
  quiet: (type) => type === 3 || type === 4 || (type >= 1002 && type <= 1012),
};
const KINDS: Readonly<Record<number, Sample>> = {
  1: {
    size: 32,
    head: ' seqnum %4, type %1, idx %3, rate %4, pool %4, drops %4, input %4 output %4 records %4',
    records: FLOWS,
  },
  2: { size: 12, head: ' seqnum %4, type %1, idx %3, records %4', records: COUNTERS },
  3: {
    size: 44,
    head: ' seqnum %4, type %4, idx %4, rate %4, pool %4, drops %4%_16, records %4',
    records: FLOWS,
  },
  4: { size: 16, head: ' seqnum %4, type %4, idx %4, records %4', records: COUNTERS },
};

function printSamples(d: Dissection, start: number, length: number, count: number): void {
  let at = start;
  let left = length;
  for (let i = 0; i < count && left > 0; i++) {
    d.need(at, 8);
    const [type, size] = [d.u32(at) & 0xfff, d.u32(at + 4)];
    if (left < 8) throw ENDS_EARLY;
    at += 8;
    left -= 8;
    d.out += `\n\t${SAMPLES(type)} (${type}), length ${size},`;
    if (type === 0 || size === 0) return;
    if (left < size) throw ENDS_EARLY;
    d.need(at, size);
    const kind = KINDS[type];
    if (kind === undefined) {
      if (d.verbosity <= 1) printUnknown(d, at, size, '\n\t    ');
    } else {
      if (left < kind.size) throw ENDS_EARLY;
      d.need(at, kind.size);
      d.out += filled(d, at, kind.head);
      printRecords(d, kind.records, at + kind.size, left - kind.size, d.u32(at + kind.size - 4));
    }
    at += size;
    left -= size;
  }
}

const DIRECTIONS = names('unknown|full-duplex|half-duplex|in|out');
const PROTOCOLS = names('1 Ethernet|11 IPv4|IPv6');

function printRecords(d: Dissection, records: Records, start: number, length: number, count: number): void {
  let at = start;
  let left = length;
  for (let i = 0; i < count; i++) {
    if (left < 8) throw ENDS_EARLY;
    d.need(at, 8);
    const [format, size] = [d.u32(at), d.u32(at + 4)];
    const type = format & 0xfff;
    const enterprise = format >>> records.shift;
    d.out += `\n\t    enterprise ${enterprise}${records.comma} ${enterprise === 0 ? records.names(type) : 'Unknown'} (${type}) length ${size}`;
    at += 8;
    left -= 8;
    if (left < size) throw ENDS_EARLY;
    const kind = enterprise === 0 ? records.kinds[type] : undefined;
    if (kind !== undefined) {
      if (left < kind[0]) throw ENDS_EARLY;
      d.need(at, kind[0]);
      d.out += worded(d, records, type, at, filled(d, at, kind[1]));
    } else if (enterprise === 0 && !records.quiet(type) && d.verbosity <= 1)
      printUnknown(d, at, size, '\n\t\t');
    at += size;
    left -= size;
  }
}

/** Puts names into the two kinds that have them. */
function worded(d: Dissection, records: Records, type: number, at: number, text: string): string {
  if (type !== 1) return text;
  if (records === FLOWS) {
    const protocol = d.u32(at);
    return text.replace(/protocol \d+/, `protocol ${PROTOCOLS(protocol)} (${protocol})`);
  }
  const [direction, status] = [d.u32(at + 16), d.u32(at + 20)];
  return text
    .replace(/ifdirection \d+/, `ifdirection ${direction} (${DIRECTIONS(direction)})`)
    .replace(
      /ifstatus \d+/,
      `ifstatus ${status}, adminstatus: ${status & 1 ? 'up' : 'down'}, operstatus: ${(status >> 1) & 1 ? 'up' : 'down'}`,
    );
}
