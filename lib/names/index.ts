/** Numbers and names of protocols, and addresses as text. */

export * from './addresses.js';
export * from './etherTypes.js';
export * from './ipProtocols.js';
export * from './linkTypes.js';
export { builtinResolver, protocolNumber, serviceName, servicePort } from './registry.js';
export * from './resolver.js';
export { serviceNames } from './services.js';
export { SNAP_LENGTH } from './snapLength.js';
export type { Transport } from './transport.js';
