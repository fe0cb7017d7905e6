/** What is asked of devices before anything is captured: which there are, what stamps their packets, monitor mode. */

import { describeDevice, links, NO_LOADER, TIME_STAMP_TYPES, type TimeStampType } from '../lib/command.js';
import { Filter, LINK_TYPES } from '../lib/index.js';
import { listDevices, timeStampTypes } from '../lib/node.js';
import { filterFor } from './expression.js';
import { CommandError } from './report.js';
import { writeMessage, writeOutput } from './standard.js';

export function printInterfaces(): void {
  for (const [index, device] of listDevices().entries()) {
    writeOutput(`${index + 1}.${describeDevice(device)}\n`);
  }
}

/** What `-j` may be given for a device; the first that there is, where none is named. */
export function printTimeStampTypes(name = listDevices()[0]?.name): void {
  if (name === undefined) throw new CommandError('no suitable device found');
  writeOutput(`Time stamp types for ${name} (use option -j to set):\n`);
  const offered = timeStampTypes(name);
  for (const type of TIME_STAMP_TYPES)
    if (offered.includes(type.name)) writeOutput(`  ${type.name} (${type.description})\n`);
}

/** ARPHRD_ numbers of devices that hand over what they hear: linux/if_arp.h. */
const MONITORS: ReadonlySet<number | undefined> = new Set([801, 802, 803]);

/** @throws CommandError for a device that does not, or not yet, hand over what it hears */
export function checkMonitorMode(name: string): void {
  if (MONITORS.has(links()?.find((link) => link.name === name)?.type)) return;
  const isWireless = listDevices().some((device) => device.name === name && device.wireless);
  throw new CommandError(
    isWireless
      ? `${name}: that device is not in monitor mode, and is put there by another program: ip link set ${name} down, iw dev ${name} set type monitor, ip link set ${name} up`
      : `${name}: That device doesn't support monitor mode`,
  );
}

/** The type of `-j`, where the device has it; else tcpdump goes on with what it has, and so do we. */
export function stampsFor(name: string, wanted: TimeStampType | undefined): TimeStampType | undefined {
  if (wanted === undefined || timeStampTypes(name).includes(wanted)) return wanted;
  writeMessage(
    `weir: WARNING: When trying to set timestamp type '${wanted}' on ${name}: That type of time stamp is not supported by that device\n`,
  );
  return undefined;
}

/** The number in files of a link type that the user named. */
export function linkTypeNumber(wanted: string | undefined): number | undefined {
  if (wanted === undefined) return undefined;
  const { linkType } = filterFor(new Filter('', {}, NO_LOADER), wanted);
  return LINK_TYPES.find(({ name }) => name === linkType)?.linkType;
}
