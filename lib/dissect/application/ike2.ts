/** Payloads of IKE version 2 (RFC 7296 §3). */

import { ask, ENDS_EARLY, orCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { type Names, names } from '../frame/names.js';
import {
  type Attributes,
  CIPHERS,
  GROUPS,
  PAYLOAD_NAMES,
  type Payload,
  PROTOCOLS,
  raw,
  sayAttributes,
  some,
} from './ikeParts.js';

const critical = (d: Dissection, at: number): string => (d.u8(at + 1) & 0x80 ? '[C]' : '');
const printable = (d: Dissection, at: number, size: number): string => {
  ask(d, at, size);
  let text = '';
  for (let i = 0; i < size; i++) {
    const octet = d.data[at + i]!;
    text += octet >= 0x20 && octet <= 0x7e ? String.fromCharCode(octet) : '.';
  }
  return text;
};

/** Bytes with nothing to be told of them; their hex with `-vvv`. */
const plain: Payload = (d, at, size, { name }) => {
  d.out += `${name}${critical(d, at)}: len=${size - 4}`;
  if (d.verbosity > 2) d.out += ` ${raw(d, at + 4, size - 4)}`;
  return at + size;
};

export const PAYLOADS_2: Readonly<Record<number, Payload>> = {
  33: (d, at, size, { name, depth }) => {
    d.out += `sa${critical(d, at)}: len=${size - 4}`;
    return printItems(d, at + 4, size - 4, 2, name, depth, (item, length) =>
      printProposal(d, item, length, depth + 1),
    );
  },
  34: (d, at, size, { name }) => {
    ask(d, at, 8);
    const group = d.u16(at + 4);
    d.out += `${name}${critical(d, at)}: len=${(size - 8) >>> 0} group=${GROUPS(group, `#${group}`)}`;
    if (d.verbosity > 2 && size > 8) d.out += ` ${raw(d, at + 8, size - 8)}`;
    return at + size;
  },
  35: printIdentity,
  36: printIdentity,
  37: plain,
  38: plain,
  39: (d, at, size, { name }) => {
    ask(d, at, 8);
    const method = d.u8(at + 4);
    d.out += `${name}${critical(d, at)}: len=${size - 4} method=${METHODS(method, `#${method}`)}`;
    if (size < 8) throw ENDS_EARLY;
    if (d.verbosity > 1) {
      d.out += ' authdata=(';
      d.out += `${raw(d, at + 8, size - 8)}) `;
    } else if (d.verbosity) some(d, at + 8);
    return at + size;
  },
  40: (d, at, size) => {
    d.out += `nonce${critical(d, at)}: len=${size - 4}`;
    if (d.verbosity > 1) {
      d.out += ' nonce=(';
      d.out += `${raw(d, at + 4, size - 4)}) `;
    } else some(d, at + 4);
    return at + size;
  },
  41: printNotification,
  42: plain,
  43: (d, at, size, { name }) => {
    d.out += `${name}${critical(d, at)}: len=${size - 4} vid=`;
    d.out += printable(d, at + 4, size - 4);
    if (d.verbosity > 2 && size > 8) d.out += ` ${raw(d, at + 4, size - 4)}`;
    return at + size;
  },
  44: plain,
  45: plain,
  46: (d, at, size, { name }) => {
    d.out += `${name}${critical(d, at)}: len=${size - 4}`;
    if (d.verbosity > 2 && size > 8) d.out += ` ${raw(d, at + 4, size - 4)}`;
    ask(d, at + 4, size - 4);
    return -1; // what it holds is encrypted, and it is the last
  },
  47: plain,
  48: plain,
};

const METHODS = names('invalid|rsasig|shared-secret|dsssig');

/** Proposals or transforms; `name` is written where they do not fit. Returns where they end, or -1. */
function printItems(
  d: Dissection,
  start: number,
  length: number,
  first: number,
  name: string,
  depth: number,
  print: (at: number, size: number, index: number) => number,
): number {
  let at = start;
  let left = length;
  let index = 0;
  for (let type = first; type !== 0; ) {
    index++;
    if (left >= 4) {
      ask(d, at, 4);
      if (d.u16(at + 2) <= 4) throw ENDS_EARLY;
    }
    if (left < 4 || left < d.u16(at + 2)) {
      d.out += ` [|${name}]`;
      return at + left;
    }
    const [next, size] = [d.u8(at), d.u16(at + 2)];
    ask(d, at, size);
    d.out += `\n${'    '.repeat(depth + 1)}(`;
    if (type === first) {
      const end = print(at, size, index);
      if (end < 0) return -1;
      at = end;
    } else {
      d.out += PAYLOAD_NAMES(type, `#${type}`);
      at += size;
    }
    d.out += ')';
    left -= size;
    type = next;
  }
  return at;
}
function printProposal(d: Dissection, at: number, size: number, depth: number): number {
  return orCut(d, 'p', () => {
    ask(d, at, 8);
    const [protocol, spi] = [d.u8(at + 5), d.u8(at + 6)];
    d.out += `p${critical(d, at)}: #${d.u8(at + 4)} protoid=${PROTOCOLS(protocol, `#${protocol}`)} transform=${d.u8(at + 7)} len=${size}`;
    let next = at + 8;
    let left = size - 4;
    if (spi) {
      if (left < spi) {
        d.out += ' [|p]';
        return next + left;
      }
      d.out += ' spi=';
      d.out += raw(d, next, spi);
      next += spi;
      left -= spi;
    }
    return printItems(d, next, left, 3, 'p', depth, (item, length, index) =>
      printTransform(d, item, length, index),
    );
  });
}

const KINDS = names('1 encr|prf|integ|dh|esn');
const IDS: Readonly<Record<number, Names>> = {
  1: CIPHERS,
  2: names('1 hmac-md5|hmac-sha|hmac-tiger|aes128_xcbc'),
  3: names('1 hmac-md5|hmac-sha|dec-mac|kpdk-md5|aes-xcbc'),
  4: GROUPS,
  5: names('no-esn|esn'),
};

function printTransform(d: Dissection, at: number, size: number, index: number): number {
  return orCut(d, 't', () => {
    ask(d, at, 8);
    const [kind, id] = [d.u8(at + 4), d.u16(at + 6)];
    const named = IDS[kind]?.(id, `#${id}`) ?? `${id}`;
    d.out += `t${critical(d, at)}: #${index} type=${KINDS(kind, `#${kind}`)} id=${named} `;
    const attributes: Attributes = kind === 1 ? 'cipher' : 'none';
    const end = sayAttributes(d, at + 8, at + size, attributes);
    if (d.end < at + size) d.out += '...';
    return end;
  });
}

const IDENTITIES = names('1 ipv4|fqdn|rfc822|5 ipv6|9 dn|gn|keyid');

function printIdentity(d: Dissection, at: number, size: number, { name }: { readonly name: string }): number {
  ask(d, at, 8);
  d.out += `${name}${critical(d, at)}: len=${size - 4}`;
  if (d.verbosity > 2) d.out += ` ${raw(d, at + 4, size - 4)}`;
  const type = d.u8(at + 4);
  const kind = IDENTITIES(type, '');
  if (kind === '') return at + size;
  d.out += ` ${kind}:`;
  if (size < 8) throw ENDS_EARLY;
  d.out += type === 2 || type === 3 ? printable(d, at + 8, size - 8) : raw(d, at + 8, size - 8);
  return at + size;
}

const NOTIFICATIONS = names(
  '1 unsupported_critical_payload|4 invalid_ike_spi|invalid_major_version|7 invalid_syntax|9 invalid_message_id|11 invalid_spi|14 no_protocol_chosen|17 invalid_ke_payload|24 authentication_failed|34 single_pair_required|no_additional_sas|internal_address_failure|failed:cp_required|39 invalid_selectors|16384 initial_contact|set_window_size|additional_ts_possible|ipcomp_supported|nat_detection_source_ip|nat_detection_destination_ip|cookie|use_transport_mode|http_cert_lookup_supported|rekey_sa|tfc_padding_not_supported|non_first_fragment_also',
);
/** Those whose SPI is passed by. */
const WITHOUT_SPI = new Set([1, 5, 35, 36, 37, 39, 16384, 16385, 16386, 16387, 16391, 16392, 16394, 16395]);
const COOKIE = 16390;

function printNotification(d: Dissection, at: number, size: number): number {
  ask(d, at, 8);
  const [protocol, spi, type] = [d.u8(at + 4), d.u8(at + 5), d.u16(at + 6)];
  d.out += `n${critical(d, at)}: prot_id=${PROTOCOLS(protocol, `#${protocol}`)}`;
  const range =
    type < 8192 ? 'error' : type < 16384 ? 'private-error' : type < 40960 ? 'status' : 'private-status';
  d.out += ` type=${type}(${NOTIFICATIONS(type, range)})`;
  if (spi && !WITHOUT_SPI.has(type)) {
    d.out += ' spi=';
    d.out += raw(d, at + 8, spi);
  }
  const data = at + 8 + spi;
  const left = d.end - data;
  if (left > 0 && (d.verbosity > 3 || (type === COOKIE && left < 30))) {
    d.out += ' data=(';
    d.out += `${raw(d, data, left)})`;
  } else if (left > 0 && type === COOKIE) some(d, data);
  return at + size;
}
