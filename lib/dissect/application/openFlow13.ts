/** Messages of OpenFlow 1.3 (ONF TS-006 and later). */

import type { Dissection } from '../frame/dissection.js';
import { invalid, named } from '../frame/names.js';
import { sayFilled } from '../frame/text.js';
import { type Bodies, bitmap, entries, errors, fixed, printData, vendorName } from './openFlowParts.js';

export const TYPES_13 =
  'HELLO|ERROR 4+|ECHO_REQUEST|ECHO_REPLY|EXPERIMENTER 8+|FEATURES_REQUEST 0|FEATURES_REPLY 24|GET_CONFIG_REQUEST 0|GET_CONFIG_REPLY 4|SET_CONFIG 4|PACKET_IN|FLOW_REMOVED|PORT_STATUS 72|PACKET_OUT|FLOW_MOD|GROUP_MOD|PORT_MOD 32|TABLE_MOD 8|MULTIPART_REQUEST|MULTIPART_REPLY|BARRIER_REQUEST 0|BARRIER_REPLY 0|QUEUE_GET_CONFIG_REQUEST 8|QUEUE_GET_CONFIG_REPLY|ROLE_REQUEST 16|ROLE_REPLY 16|GET_ASYNC_REQUEST 0|GET_ASYNC_REPLY 24|SET_ASYNC 24|METER_MOD';

const WRITERS = {
  a: bitmap(
    '1 FLOW_STATS|2 TABLE_STATS|4 PORT_STATS|8 GROUP_STATS|32 IP_REASM|64 QUEUE_STATS|256 PORT_BLOCKED',
    0x16f,
  ),
  b: bitmap('1 NO_MATCH|2 ACTION|4 INVALID_TTL', 7),
  c: bitmap('1 PORT_DOWN|4 NO_RECV|32 NO_FWD|64 NO_PACKET_IN', 0x65),
  e: named('1 VERSIONBITMAP', (type) => `unknown (0x${type.toString(16).padStart(4, '0')})`),
  f: bitmap(
    '1 10MB_HD|2 10MB_FD|4 100MB_HD|8 100MB_FD|16 1GB_HD|32 1GB_FD|64 10GB_FD|128 40GB_FD|256 100GB_FD|512 1TB_FD|1024 OTHER|2048 COPPER|4096 FIBER|8192 AUTONEG|16384 PAUSE|32768 PAUSE_ASYM',
    0xffff,
  ),
  g: named('FRAG_NORMAL|FRAG_DROP|FRAG_REASM', invalid),
  l: named('0xffe5 MAX|0xffff NO_BUFFER'),
  o: named('NOCHANGE|EQUAL|MASTER|SLAVE', invalid),
  p: named('0xffffff00 MAX|0xfffffff8 IN_PORT|TABLE|NORMAL|FLOOD|ALL|CONTROLLER|LOCAL|ANY'),
  q: bitmap('1 ADD|2 DELETE|4 MODIFY', 7),
  r: named('ADD|DELETE|MODIFY', () => 'invalid (0x02x)'), // tcpdump's own slip
  s: bitmap('1 LINK_DOWN|2 BLOCKED|4 LIVE', 7),
  t: named('254 MAX|ALL'),
  u: bitmap('1 1.0|2 1.1|4 1.2|8 1.3|16 1.4|32 1.5', 0x3f),
};

function printPort(d: Dissection, at: number): void {
  const next = sayFilled(d, at, "\n\t  port_no %p4%-4, hw_addr %m%-2, name '%n16'", WRITERS);
  if (d.verbosity < 2) d.need(next, 32);
  else
    sayFilled(
      d,
      next,
      '\n\t   config %c4\n\t   state %s4\n\t   curr %f4\n\t   advertised %f4\n\t   supported %f4\n\t   peer %f4\n\t   curr_speed %4~kbps\n\t   max_speed %4kbps',
      WRITERS,
    );
}

/** Which versions a switch speaks. */
const printHello = entries(4, '\n\t type %e2, length %2', WRITERS, 2, (d, at, size) => {
  const type = d.u16(at);
  if (type === 1 && size === 8) sayFilled(d, at + 4, ', bitmap %u4', WRITERS);
  else if (type === 1) d.out += ' (bogus)';
  d.need(at + 4, size - 4);
});

const CONFIG = fixed('\n\t flags %g2, miss_send_len %l2', WRITERS);
const ROLE = fixed('\n\t role %o4%-4, generation_id 0x%x8', WRITERS);
const ASYNC = fixed(
  '\n\t packet_in_mask[EM] %b4\n\t packet_in_mask[S] %b4\n\t port_status_mask[EM] %q4\n\t port_status_mask[S] %q4\n\t flow_removed_mask[EM] %q4\n\t flow_removed_mask[S] %q4',
  WRITERS,
);

export const BODIES_13: Bodies = {
  0: printHello,
  1: errors(
    'HELLO_FAILED|BAD_REQUEST|BAD_ACTION|BAD_INSTRUCTION|BAD_MATCH|FLOW_MOD_FAILED|GROUP_MOD_FAILED|PORT_MOD_FAILED|TABLE_MOD_FAILED|QUEUE_OP_FAILED|SWITCH_CONFIG_FAILED|ROLE_REQUEST_FAILED|METER_MOD_FAILED|TABLE_FEATURES_FAILED|0xffff EXPERIMENTER',
    [
      'INCOMPATIBLE|EPERM',
      'BAD_VERSION|BAD_TYPE|BAD_MULTIPART|BAD_EXPERIMENTER|BAD_EXP_TYPE|EPERM|BAD_LEN|BUFFER_EMPTY|BUFFER_UNKNOWN|BAD_TABLE_ID|IS_SLAVE|BAD_PORT|BAD_PACKET|MULTIPART_BUFFER_OVERFLOW',
      'BAD_TYPE|BAD_LEN|BAD_EXPERIMENTER|BAD_EXP_TYPE|BAD_OUT_PORT|BAD_ARGUMENT|EPERM|TOO_MANY|BAD_QUEUE|BAD_OUT_GROUP|MATCH_INCONSISTENT|UNSUPPORTED_ORDER|BAD_TAG|BAD_SET_TYPE|BAD_SET_LEN|BAD_SET_ARGUMENT',
      'UNKNOWN_INST|UNSUP_INST|BAD_TABLE_ID|UNSUP_METADATA|UNSUP_METADATA_MASK|BAD_EXPERIMENTER|BAD_EXP_TYPE|BAD_LEN|EPERM',
      'BAD_TYPE|BAD_LEN|BAD_TAG|BAD_DL_ADDR_MASK|BAD_NW_ADDR_MASK|BAD_WILDCARDS|BAD_FIELD|BAD_VALUE|BAD_MASK|BAD_PREREQ|DUP_FIELD|EPERM',
      'UNKNOWN|TABLE_FULL|BAD_TABLE_ID|OVERLAP|EPERM|BAD_TIMEOUT|BAD_COMMAND|BAD_FLAGS',
      'GROUP_EXISTS|INVALID_GROUP|WEIGHT_UNSUPPORTED|OUT_OF_GROUPS|OUT_OF_BUCKETS|CHAINING_UNSUPPORTED|WATCH_UNSUPPORTED|LOOP|UNKNOWN_GROUP|CHAINED_GROUP|BAD_TYPE|BAD_COMMAND|BAD_BUCKET|BAD_MATCH|EPERM',
      'BAD_PORT|BAD_HW_ADDR|BAD_CONFIG|BAD_ADVERTISE|EPERM',
      'BAD_TABLE|BAD_CONFIG|EPERM',
      'BAD_PORT|BAD_QUEUE|EPERM',
      'BAD_FLAGS|BAD_LEN|EPERM',
      'STALE|UNSUP|BAD_ROLE',
      'UNKNOWN|METER_EXISTS|INVALID_METER|UNKNOWN_METER|BAD_COMMAND|BAD_FLAGS|BAD_RATE|BAD_BURST|BAD_BAND|BAD_BAND_VALUE|OUT_OF_METERS|OUT_OF_BANDS',
      'BAD_TABLE|BAD_METADATA|BAD_TYPE|BAD_LEN|BAD_ARGUMENT|EPERM',
    ],
  ),
  2: printData,
  3: printData,
  4: (d, at, size) => {
    sayFilled(d, at, '\n\t experimenter 0x%x4');
    d.out += ` (${vendorName(d.u32(at))})`;
    sayFilled(d, at + 4, ', exp_type 0x%x4');
    printData(d, at + 8, size - 8);
  },
  6: fixed('\n\t dpid 0x%x8, n_buffers %4, n_tables %1, auxiliary_id %1%-2\n\t capabilities %a4%!4', WRITERS),
  8: CONFIG,
  9: CONFIG,
  12: (d, at) => printPort(d, sayFilled(d, at, '\n\t reason %r1%-7', WRITERS)),
  16: fixed(
    '\n\t port_no %p4%-4, hw_addr %m%-2\n\t  config %c4\n\t  mask %c4\n\t  advertise %f4%!4',
    WRITERS,
  ),
  17: fixed('\n\t table_id %t1%-3, config 0x%x4', WRITERS),
  22: fixed('\n\t port %p4%!4', WRITERS),
  24: ROLE,
  25: ROLE,
  27: ASYNC,
  28: ASYNC,
};
