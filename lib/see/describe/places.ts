/**
 * Where a program looks: in which header, at which byte of it. The same field of IPv4 behind a tag and not is another
 * place; loads of parts of a number are of that number.
 */

import { TooComplex } from './sets.js';

/** What is known of the headers on a way: the last EtherType lies at `at`, and what it says. */
export interface Context {
  readonly at: number;
  readonly network: Network;
  /** Tags before it. */
  readonly tags: number;
  /** A fragment header is known to be behind that of IPv6. */
  readonly isFragment: boolean;
}

export type Network = 'frame' | 'ip4' | 'ip6' | 'arp' | 'other';
const NETWORKS: readonly Network[] = ['frame', 'ip4', 'ip6', 'arp', 'other'];

/** The part of a packet that a load is in. */
export interface Region extends Context {
  /** Behind the IPv4 header, whatever its length is. */
  readonly behindIp4: boolean;
}

/** A field: what one variable of a diagram is about. */
export interface Place {
  readonly region: Region;
  /** From the start of the region's header: of the frame, of the network header, or behind the IPv4 header. */
  readonly offset: number;
  readonly size: number;
  readonly rank: number;
  readonly most: number;
}

export const ETHERNET: Context = { at: 12, network: 'frame', tags: 0, isFragment: false };

const VLAN_TYPES: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
const TYPES: ReadonlyMap<number, Network> = new Map([
  [0x0800, 'ip4'],
  [0x86dd, 'ip6'],
  [0x0806, 'arp'],
  [0x8035, 'arp'],
]);

/** What is known once an EtherType has been found to be this one. */
export function contextBehind(context: Context, type: number): Context {
  if (VLAN_TYPES.has(type)) return { ...ETHERNET, at: context.at + 4, tags: context.tags + 1 };
  return { ...context, network: TYPES.get(type) ?? 'other', isFragment: false };
}

/** Bytes of IPv6's header. */
export const IP6_HEADER = 40;
/** RFC 8200, section 4.5. */
export const FRAGMENT_HEADER = 44;

const BITS_OF_OFFSET = 2 ** 12;

/** The places that a program looks at. */
export class Places {
  private readonly known = new Map<string, Place[]>();
  /** Whether a place grew: what was made before is about the smaller one. */
  grew = false;

  /**
   * The place that a load is in or is.
   *
   * @param offset - From the frame's start, or behind the IPv4 header.
   */
  of(context: Context, behindIp4: boolean, offset: number, size: number): Place {
    // What stands before the EtherType is the same whatever that says.
    const isFrame = !behindIp4 && offset < context.at + 2;
    const network = isFrame ? 'frame' : context.network;
    const start = behindIp4 || network === 'frame' ? 0 : context.at + 2;
    const from = offset - start;
    if (from < 0 || from >= BITS_OF_OFFSET) throw new TooComplex('a place far behind');
    const isFragment = context.isFragment && network === 'ip6' && from >= IP6_HEADER;
    const region: Region = { ...context, network, behindIp4, isFragment };
    const key = isFrame ? 'frame' : `${context.at} ${network} ${behindIp4 || isFragment}`;
    const places = this.known.get(key) ?? [];
    this.known.set(key, places);
    const outer = places.find((place) => place.offset <= from && place.offset + place.size >= from + size);
    if (outer !== undefined) return outer;
    const inner = places.findIndex(
      (place) => place.offset >= from && place.offset + place.size <= from + size,
    );
    if (inner >= 0) {
      this.grew = true;
      places.splice(inner, 1);
    }
    const layer = isFrame ? 0 : context.at + 1;
    const part = (layer * 8 + NETWORKS.indexOf(network)) * 2 + Number(behindIp4 || isFragment);
    const made = {
      region,
      offset: from,
      size,
      rank: part * BITS_OF_OFFSET * 8 + from * 8 + size,
      most: 2 ** (8 * size) - 1,
    };
    places.push(made);
    return made;
  }

  forget(): void {
    this.grew = false;
  }
}
