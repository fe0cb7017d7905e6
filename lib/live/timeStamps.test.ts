/** What can stamp packets, by what drivers say: linux/net_tstamp.h, libpcap pcap_list_tstamp_types(3PCAP). */

import test from 'ava';
import type { TimeStampType } from './device.js';
import { typesOf } from './timeStamps.js';

const [SOFTWARE, SYSTEM, RAW] = [1 << 3, 1 << 5, 1 << 6];
/** HWTSTAMP_FILTER_NONE, _ALL, _PTP_V2_EVENT. */
const [NONE, ALL, PTP] = [1 << 0, 1 << 1, 1 << 12];

const offers = test.macro({
  title: (_, capabilities: number, received: number, types: readonly TimeStampType[]) =>
    `capabilities ${capabilities.toString(2)}, receive filters ${received.toString(2)}: ${types.join(', ')}`,
  exec(t, capabilities: number, received: number, types: readonly TimeStampType[]) {
    t.deepEqual(typesOf(capabilities, received), types);
  },
});
test(offers, SOFTWARE, NONE, ['host']);
test(offers, SOFTWARE | RAW, NONE | PTP, ['host']);
test(offers, SOFTWARE | RAW, NONE | ALL, ['host', 'adapter_unsynced']);
test(offers, SOFTWARE | SYSTEM | RAW, ALL, ['host', 'adapter', 'adapter_unsynced']);
test(offers, RAW, ALL, ['adapter_unsynced']);
test(offers, 0, ALL, ['host']);
