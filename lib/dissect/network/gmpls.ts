/** Codes of generalized MPLS (RFC 3471) that IGPs and RSVP share. */

import { bitNames, names } from '../frame/names.js';

export const LINK_PROTECTION = bitNames(
  '1 Extra Traffic|2 Unprotected|4 Shared|8 Dedicated 1:1|16 Dedicated 1+1|32 Enhanced|64 Reserved|128 Reserved',
);
export const SWITCHING = names(
  '1 Packet-Switch Capable-1|Packet-Switch Capable-2|Packet-Switch Capable-3|Packet-Switch Capable-4|51 Layer-2 Switch Capable|100 Time-Division-Multiplex|150 Lambda-Switch Capable|200 Fiber-Switch Capable',
);
export const TSC_INDICATION = names('Standard SONET/SDH|Arbitrary SONET/SDH');
export const ENCODING = names(
  '1 Packet|Ethernet V2/DIX|ANSI/ETSI PDH|Reserved|SDH ITU-T G.707/SONET ANSI T1.105|Reserved|Digital Wrapper|Lambda (photonic)|Fiber|Reserved|FiberChannel',
);
/** Models of bandwidth constraints (RFC 4124). */
export const CONSTRAINTS = names('Russian dolls|Maximum allocation', 'unknown');
