/** Numbers and names of protocols, and addresses as text. */

export * from './addresses.js';
export * from './etherTypes.js';
export * from './ipProtocols.js';
export * from './linkTypes.js';
export * from './resolver.js';
export { serviceName, serviceNames, servicePort, type Transport } from './services.js';
