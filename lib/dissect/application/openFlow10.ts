/** Messages of OpenFlow 1.0 (OpenFlow Switch Specification 1.0.0 §5.3 to §5.5). */

import type { Dissection } from '../frame/dissection.js';
import {
  MATCH_SIZE,
  NOTHING,
  only,
  printActions,
  printBsn,
  printMatch,
  printVendor,
  say,
  saying,
  VENDOR,
  WRITERS,
} from './openFlowActions.js';
import { type Bodies, type Body, entries, errors, printData, printInvalid } from './openFlowParts.js';

export const TYPES_10 =
  'HELLO|ERROR 4+|ECHO_REQUEST|ECHO_REPLY|VENDOR 4+|FEATURES_REQUEST 0|FEATURES_REPLY 24+|GET_CONFIG_REQUEST 0|GET_CONFIG_REPLY 4|SET_CONFIG 4|PACKET_IN 10+|FLOW_REMOVED 80|PORT_STATUS 56|PACKET_OUT 8+|FLOW_MOD 64+|PORT_MOD 24|STATS_REQUEST 4+|STATS_REPLY 4+|BARRIER_REQUEST 0|BARRIER_REPLY 0|QUEUE_GET_CONFIG_REQUEST 4|QUEUE_GET_CONFIG_REPLY 8+';

function printPort(d: Dissection, at: number): void {
  const next = say(d, at, "\n\t  port_no %p2, hw_addr %m, name '%n16'");
  if (d.verbosity < 2) d.need(next, 24);
  else
    say(
      d,
      next,
      '\n\t   config %c4\n\t   state %s4\n\t   curr %f4\n\t   advertised %f4\n\t   supported %f4\n\t   peer %f4',
    );
}

/** Entries of one size behind each other. */
const each =
  (size: number, print: (d: Dissection, at: number) => void): Body =>
  (d, start, length) => {
    let at = start;
    for (; start + length - at >= size; at += size) print(d, at);
    if (at < start + length) printInvalid(d, at, start + length - at);
  };

/** A frame that a switch hands on; printed from `-vvv` on, as if without a `-v`. */
const printFrame: Body = (d, at, size) => {
  if (size === 0) return;
  d.out += `\n\t data (${size} octets)`;
  if (d.verbosity < 3) return d.need(at, size);
  d.out += ', frame decoding below\n';
  const { end, verbosity: verbose } = d;
  d.verbosity -= 3;
  d.limit(at, size);
  try {
    d.enter();
    d.next.ethernet(d, at, size, d.end - at);
    d.leave();
  } finally {
    d.verbosity = verbose;
  }
  d.end = end;
  d.cutAs = 'openflow';
};

const printQueueProperties = entries(8, '\n\t   property %e2, len %2', WRITERS, 2, (d, at, size) => {
  const property = d.u16(at);
  d.need(at + 4, 4);
  if (property < 2 && size !== (property === 0 ? 8 : 16)) d.out += ' (bogus)';
  else if (property === 1) {
    const rate = d.u16(at + 8);
    d.out += rate > 1000 ? ', rate disabled' : `, rate ${Math.floor(rate / 10)}.${rate % 10}%`;
  }
  d.need(at + 8, size - 8);
});

const printQueues = entries(8, '\n\t  queue_id %4, len %2', WRITERS, 4, (d, at, size) => {
  d.need(at + 6, 2);
  if (d.verbosity > 1) printQueueProperties(d, at + 8, size - 8);
  else d.need(at + 8, size - 8);
});

const FLOW_STATS = 88;
const printFlowStats = entries(FLOW_STATS, '\n\t length %2', WRITERS, 0, (d, at, size) => {
  say(d, at + 2, ', table_id %t1');
  printMatch(d, at + 4, '\n\t  ');
  const next = say(
    d,
    at + 4 + MATCH_SIZE,
    '\n\t  duration_sec %4, duration_nsec %4, priority %2, idle_timeout %2, hard_timeout %2%-6, cookie 0x%x8, packet_count %8, byte_count %8',
  );
  printActions('\n\t  ')(d, next, size - FLOW_STATS);
});

const printPortStats = (d: Dissection, at: number): void => {
  say(d, at, '\n\t  port_no %p2');
  if (d.verbosity < 2) d.need(at, 104);
  else
    say(
      d,
      at + 8,
      ', rx_packets %8, tx_packets %8, rx_bytes %8, tx_bytes %8, rx_dropped %8, tx_dropped %8, rx_errors %8, tx_errors %8, rx_frame_err %8, rx_over_err %8, rx_crc_err %8, collisions %8',
    );
};

const VENDOR_DATA = printVendor(printData);
const STATS_REPLIES: Bodies = {
  0: only(
    1056,
    saying(
      "\n\t  mfr_desc '~%n256'\n\t  hw_desc '~%n256'\n\t  sw_desc '~%n256'\n\t  serial_num '~%n32'\n\t  dp_desc '~%n256'",
    ),
  ),
  1: printFlowStats,
  2: only(24, saying('\n\t packet_count %8, byte_count %8, flow_count %4%!4')),
  3: each(64, (d, at) => {
    say(
      d,
      at,
      "\n\t table_id %t1%-3, name '%n32'~\n\t  wildcards %w4\n\t  max_entries %4, active_count %4, lookup_count %8, matched_count %8",
    );
  }),
  4: each(104, printPortStats),
  5: each(32, (d, at) => {
    say(d, at, '\n\t  port_no %p2%-2, queue_id %4, tx_bytes %8, tx_packets %8, tx_errors %8');
  }),
  [VENDOR]: VENDOR_DATA,
};

const FLOW_REQUEST: Body = only(44, (d, at) => {
  printMatch(d, at, '\n\t ');
  say(d, at + MATCH_SIZE, '\n\t table_id %t1%-1, out_port %p2');
});
const STATS_REQUESTS: Bodies = {
  0: NOTHING,
  1: FLOW_REQUEST,
  2: FLOW_REQUEST,
  3: NOTHING,
  4: only(8, saying('\n\t port_no %p2%!6')),
  5: only(8, saying('\n\t port_no %p2%-2, queue_id %q4')),
  [VENDOR]: VENDOR_DATA,
};

const printFlowMod: Body = (d, at, size) => {
  printMatch(d, at, '\n\t ');
  const next = say(
    d,
    at + MATCH_SIZE,
    '\n\t cookie 0x%x8, command %o2, idle_timeout %?2, hard_timeout %?2, priority %?2',
  );
  const command = d.u16(at + 48);
  if (command < 3) say(d, next, ', buffer_id %b4');
  else if (command < 5) say(d, next + 4, ', out_port %p2');
  printActions('\n\t ')(d, say(d, next + 6, ', flags %u2'), size - 64);
};

const CONFIG: Body = saying('\n\t flags %g2, miss_send_len %2');
export const BODIES_10: Bodies = {
  0: printData,
  1: errors('HELLO_FAILED|BAD_REQUEST|BAD_ACTION|FLOW_MOD_FAILED|PORT_MOD_FAILED|QUEUE_OP_FAILED', [
    'INCOMPATIBLE|EPERM',
    'BAD_VERSION|BAD_TYPE|BAD_STAT|BAD_VENDOR|BAD_SUBTYPE|EPERM|BAD_LEN|BUFFER_EMPTY|BUFFER_UNKNOWN',
    'BAD_TYPE|BAD_LEN|BAD_VENDOR|BAD_VENDOR_TYPE|BAD_OUT_PORT|BAD_ARGUMENT|EPERM|TOO_MANY|BAD_QUEUE',
    'ALL_TABLES_FULL|OVERLAP|EPERM|BAD_EMERG_TIMEOUT|BAD_COMMAND|UNSUPPORTED',
    'BAD_PORT|BAD_HW_ADDR',
    'BAD_PORT|BAD_QUEUE|EPERM',
  ]),
  2: printData,
  3: printData,
  4: printVendor(printBsn),
  6: (d, at, size) => {
    say(d, at, '\n\t dpid 0x%x8, n_buffers %4, n_tables %1%-3\n\t capabilities %h4\n\t actions %j4');
    each(48, printPort)(d, at + 24, size - 24);
  },
  8: CONFIG,
  9: CONFIG,
  10: (d, at, size) => {
    say(d, at, '\n\t buffer_id %b4, total_len %2, in_port %p2, reason %k1%!1');
    printFrame(d, at + 10, size - 10);
  },
  11: (d, at) => {
    printMatch(d, at, '\n\t ');
    say(
      d,
      at + MATCH_SIZE,
      '\n\t cookie 0x%x8, priority %?2, reason %d1%-1, duration_sec %4, duration_nsec %4, idle_timeout %?2%-2, packet_count %8, byte_count %8',
    );
  },
  12: (d, at) => printPort(d, say(d, at, '\n\t reason %r1%-7')),
  13: (d, at, size) => {
    say(d, at, '\n\t buffer_id 0x%x4, in_port %p2%!2');
    const actions = d.u16(at + 6);
    if (actions > size - 8) return printInvalid(d, at + 8, size - 8);
    printActions('\n\t ')(d, at + 8, actions);
    printFrame(d, at + 8 + actions, size - 8 - actions);
  },
  14: printFlowMod,
  15: saying('\n\t port_no %p2, hw_addr %m\n\t config %c4\n\t mask %c4\n\t advertise %f4%!4'),
  16: (d, at, size) => {
    const next = say(d, at, '\n\t type %y2, flags 0x%x2');
    if (d.u16(at + 2) !== 0) d.out += ' (bogus)';
    STATS_REQUESTS[d.u16(at)]?.(d, next, size - 4);
  },
  17: (d, at, size) => {
    const next = say(d, at, '\n\t type %y2, flags %l2');
    const body = STATS_REPLIES[d.u16(at)];
    if (body !== undefined) body(d, next, size - 4);
    else d.need(next, size - 4);
  },
  20: saying('\n\t port %p2%!2'),
  21: (d, at, size) => printQueues(d, say(d, at, '\n\t port %p2%!6'), size - 8),
};
