/**
 * The servers and clients that captures need and that no common program is: each a few lines, started
 * as `node services.js NAME` in a namespace. Servers print `ready`.
 */

import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { connect, createServer as createTcp } from 'node:net';
import { setTimeout } from 'node:timers/promises';

const ready = () => console.log('ready');

const SERVICES: Readonly<Record<string, (...args: string[]) => unknown>> = {
  /** A page, a form, a large file. */
  http: () =>
    createHttp((request, response) => {
      if (request.url === '/') return response.end('<!doctype html><title>Hello</title><p>It works.\n');
      if (request.url === '/large') return response.end(Buffer.alloc(40_000, 'large transfer '));
      request.resume();
      response.statusCode = request.method === 'POST' ? 204 : 404;
      response.end();
    }).listen(80, '::', ready),

  https: (key, cert) =>
    createHttps(
      { key: readFileSync(key!), cert: readFileSync(cert!), minVersion: 'TLSv1.2' },
      (_, response) => response.end('secret\n'),
    ).listen(443, '::', ready),

  /** Answers every DNS question with SERVFAIL (RFC 1035 §4.1.1: response code 2). */
  servfail: () => {
    const server = createSocket('udp4');
    server.on('message', (query, { port, address }) => {
      query[2] = query[2]! | 0x80;
      query[3] = 0x82;
      server.send(query, port, address);
    });
    server.bind(53, '198.51.100.53', ready);
  },

  /** NTP (RFC 5905), the transmit times only. */
  ntp: () => {
    const server = createSocket('udp4');
    server.on('message', (query, { port, address }) => {
      const answer = Buffer.alloc(48);
      answer.set([0x24, 1, 6, 0xec]); // version 4, server, stratum 1
      answer.write('GPS', 12);
      query.copy(answer, 24, 40, 48);
      for (const at of [16, 32, 40]) answer.writeUInt32BE((Date.now() / 1000 + 2_208_988_800) >>> 0, at);
      server.send(answer, port, address);
    });
    server.bind(123, '198.51.100.20', ready);
  },

  'ntp-query': async () => {
    const client = createSocket('udp4').bind(123);
    for (let i = 0; i < 2; i++) {
      const query = Buffer.alloc(48);
      query.set([0x23, 0, 6, 0xec]); // version 4, client
      query.writeUInt32BE((Date.now() / 1000 + 2_208_988_800) >>> 0, 40);
      client.send(query, 123, '198.51.100.20');
      await setTimeout(100);
    }
    client.close();
  },

  /** Answers one mDNS question (RFC 6762) for weir.local. */
  mdns: () => {
    const responder = createSocket({ type: 'udp4', reuseAddr: true });
    responder.on('message', (query) => {
      if ((query[2]! & 0x80) !== 0) return;
      const answer = Buffer.from(query.subarray(0, 28));
      answer.set([0, 0, 0x84, 0, 0, 0, 0, 1]);
      const record = [0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4, 192, 0, 2, 1];
      responder.send(Buffer.concat([answer.subarray(0, 24), Buffer.from(record)]), 5353, '224.0.0.251');
    });
    responder.bind(5353, () => {
      responder.setMulticastInterface('192.0.2.1');
      responder.addMembership('224.0.0.251', '192.0.2.1');
      ready();
    });
  },

  'mdns-query': async () => {
    const client = createSocket({ type: 'udp4', reuseAddr: true }).bind(5353);
    await setTimeout(50);
    client.setMulticastInterface('192.0.2.10');
    client.addMembership('224.0.0.251', '192.0.2.10');
    const name = [4, ...Buffer.from('weir'), 5, ...Buffer.from('local'), 0];
    client.send(Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, 1, 0, 1]), 5353, '224.0.0.251');
    await setTimeout(200);
    const searcher = createSocket('udp4').bind();
    await setTimeout(50);
    searcher.setMulticastInterface('192.0.2.10');
    searcher.send(
      'M-SEARCH * HTTP/1.1\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n',
      1900,
      '239.255.255.250',
      () => searcher.close(),
    );
    await setTimeout(200);
    client.dropMembership('224.0.0.251', '192.0.2.10');
    await setTimeout(200);
    client.close();
  },

  /** Not QUIC, but with its invariants (RFC 8999) and the long headers of version 1 (RFC 9000 §17.2). */
  quic: () => {
    const server = createSocket('udp4');
    server.on('message', (datagram, { port, address }) => {
      if ((datagram[0]! & 0x80) === 0) return;
      const client = datagram.subarray(15, 23);
      server.send(longHeader(0xc1, client, 8, 1200), port, address);
      server.send(longHeader(0xe1, client, 8, 700), port, address);
    });
    server.bind(443, '198.51.100.20', ready);
  },

  'quic-query': async () => {
    const client = createSocket('udp4');
    client.send(longHeader(0xc3, Buffer.from('destined'), 8, 1200), 443, '198.51.100.20');
    await setTimeout(100);
    for (const length of [40, 55, 33]) {
      client.send(
        Buffer.concat([Buffer.from([0x41]), Buffer.from('destined'), noise(length)]),
        443,
        '198.51.100.20',
      );
      await setTimeout(20);
    }
    client.close();
  },

  /** Port 9 answers with a reset after the first bytes. */
  resetting: () =>
    createTcp((connection) => connection.once('data', () => connection.resetAndDestroy())).listen(9, ready),

  'reset-query': async () => {
    for (const port of [9, 81]) {
      const connection = connect(port, '198.51.100.20', () => connection.write('anything\n'));
      connection.on('error', () => {});
      await setTimeout(300);
    }
  },

  udp: async (address, port, size) => {
    const client = createSocket(address!.includes(':') ? 'udp6' : 'udp4');
    client.on('error', () => {});
    client.send(Buffer.alloc(Number(size), 'fragment '), Number(port), address);
    await setTimeout(100);
    client.close();
  },

  broadcast: () => {
    const client = createSocket('udp4').bind(() => {
      client.setBroadcast(true);
      client.send('anybody there?', 9999, '192.0.2.255');
      client.send('anybody there?', 9999, '255.255.255.255', () => client.close());
    });
  },
};

function longHeader(first: number, destination: Buffer, sourceLength: number, size: number): Buffer {
  const head = Buffer.from([first, 0, 0, 0, 1, destination.length, ...destination, sourceLength]);
  const isInitial = (first & 0x30) === 0;
  const fixed = Buffer.concat([head, Buffer.from('weirtest'), Buffer.alloc(isInitial ? 1 : 0)]);
  const rest = size - fixed.length - 2;
  return Buffer.concat([fixed, Buffer.from([0x40 | (rest >> 8), rest & 0xff]), noise(rest)]);
}

/** Bytes that look encrypted and are the same each time. */
function noise(length: number): Buffer {
  let state = 0x2545f491;
  return Buffer.from(
    Array.from({ length }, () => (state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d)) >>> 24),
  );
}

const [name, ...rest] = process.argv.slice(2);
if (name !== undefined) await SERVICES[name]!(...rest);
