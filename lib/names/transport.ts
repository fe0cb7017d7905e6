/** Protocols whose ports have names. */

/** A protocol with ports, as service tables name it. */
export type Transport = 'tcp' | 'udp' | 'sctp';
