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
export const PAYLOADS = names(
  'Unknown|Reserved|Reserved|Reserved|Reserved|Asynchronous mapping of E4|Asynchronous mapping of DS3/T3|Asynchronous mapping of E3|Bit synchronous mapping of E3|Byte synchronous mapping of E3|Asynchronous mapping of DS2/T2|Bit synchronous mapping of DS2/T2|Reserved|Asynchronous mapping of E1|Byte synchronous mapping of E1|Byte synchronous mapping of 31 * DS0|Asynchronous mapping of DS1/T1|Bit synchronous mapping of DS1/T1|Byte synchronous mapping of DS1/T1|VC-11 in VC-12|Reserved|Reserved|DS1 SF Asynchronous|DS1 ESF Asynchronous|DS3 M23 Asynchronous|DS3 C-Bit Parity Asynchronous|VT/LOVC|STS SPE/HOVC|POS - No Scrambling, 16 bit CRC|POS - No Scrambling, 32 bit CRC|POS - Scrambling, 16 bit CRC|POS - Scrambling, 32 bit CRC|ATM mapping|Ethernet PHY|SONET/SDH|Reserved (SONET deprecated)|Digital Wrapper|Lambda|ANSI/ETSI PDH|Reserved|Link Access Protocol SDH (X.85 and X.86)|FDDI|DQDB (ETSI ETS 300 216)|FiberChannel-3 (Services)|HDLC|Ethernet V2/DIX (only)|Ethernet 802.3 (only)|G.709 ODUj|G.709 OTUk(v)|CBR/CBRa|CBRb|BSOT|BSNT|IP/PPP (GFP)|Ethernet MAC (framed GFP)|Ethernet PHY (transparent GFP)|ESCON|FICON|Fiber Channel',
);
/** Models of bandwidth constraints (RFC 4124). */
export const CONSTRAINTS = names('Russian dolls|Maximum allocation', 'unknown');
