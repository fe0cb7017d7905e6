/** Syslog over UDP (RFC 3164). */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { visible } from '../frame/text.js';

// biome-ignore format: a table
const FACILITIES: readonly string[] = [
  'kernel', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp', 'ntp',
  'security', 'console', 'cron', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7',
];
const SEVERITIES = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'] as const;
const MOST_DIGITS = 3;

export function printSyslog(d: Dissection, at: number, length: number): void {
  d.cutAs = 'syslog';
  if (d.u8(at) !== 0x3c) {
    d.markInvalid();
    return;
  }
  let priority = 0;
  let offset = 1;
  for (; offset <= MOST_DIGITS; offset++) {
    const digit = d.u8(at + offset) - 0x30;
    if (digit < 0 || digit > 9) break;
    priority = priority * 10 + digit;
  }
  if (d.u8(at + offset) !== 0x3e) {
    d.markInvalid();
    return;
  }
  offset++;
  const facility = (priority & 0x3f8) >> 3;
  const facilityName = FACILITIES[facility] ?? `unknown (${facility})`;
  const severity = priority & 7;
  if (!d.verbosity) {
    d.out += `SYSLOG ${facilityName}.${SEVERITIES[severity]}, length: ${length}`;
    return;
  }
  d.out += `SYSLOG, length: ${length}\n\tFacility ${facilityName} (${facility})`;
  d.out += `, Severity ${SEVERITIES[severity]} (${severity})\n\tMsg: `;
  for (let i = offset; i < length; i++) d.out += visible(d.u8(at + i));
  if (d.verbosity > 1) printUnknown(d, at, length, '\n\t');
}
