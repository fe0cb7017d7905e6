/** The filters that are measured, from trivial to long lists. */

const hosts = (count: number): string =>
  Array.from({ length: count }, (_, index) => `host 10.${index % 250}.${Math.floor(index / 250) + 3}.7`).join(
    ' or ',
  );

export const FILTERS: readonly { readonly name: string; readonly expression: string }[] = [
  { name: 'ip', expression: 'ip' },
  { name: 'tcp port 80', expression: 'tcp port 80' },
  { name: 'host', expression: 'host 10.1.2.3' },
  { name: 'net and not port', expression: 'net 10.0.0.0/8 and not port 22' },
  { name: 'SYN or FIN', expression: 'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0' },
  { name: 'ip6 DNS', expression: 'ip6 and udp port 53' },
  { name: 'portrange', expression: 'portrange 1024-2048' },
  { name: 'arithmetic', expression: 'ip[2:2] - ((ip[0]&0xf)<<2) > 100 and len < 1000' },
  { name: '20 hosts', expression: hosts(20) },
  { name: '200 hosts', expression: hosts(200) },
];
