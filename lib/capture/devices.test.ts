/** What all devices have, whichever back end reads them. Needs the right to capture from `lo`. */

import { createSocket } from 'node:dgram';
import test from 'ava';
import { compile } from '../filter/index.js';
import { DeviceError } from '../live/index.js';
import { openDevice } from './index.js';

test('packets one by one, until a signal ends it with its reason', async (t) => {
  const stop = new AbortController();
  const filter = compile('udp dst port 47999');
  let device: Awaited<ReturnType<typeof openDevice>>;
  try {
    device = await openDevice('lo', { filter, direction: 'in', signal: stop.signal, immediate: true });
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    t.log(`skipped: ${error.message}`);
    t.pass();
    return;
  }
  const socket = createSocket('udp4');
  const sending = setInterval(() => socket.send('weir', 47_999, '127.0.0.1'), 20);
  let packets = 0;
  try {
    await t.throwsAsync(
      async () => {
        for await (const packet of device) {
          t.true(filter.matches(packet));
          if (++packets === 3) stop.abort(new Error('enough'));
        }
      },
      { message: 'enough' },
    );
  } finally {
    clearInterval(sending);
    socket.close();
    await device.close();
  }
  t.true(packets >= 3);
  await t.throwsAsync(openDevice('lo', { signal: stop.signal }), { message: 'enough' });
});

test('wrong arguments are refused', async (t) => {
  await t.throwsAsync(openDevice(3 as never), {
    instanceOf: TypeError,
    message: 'openDevice(): the name must be a string, got 3',
  });
  await t.throwsAsync(openDevice('lo', { signal: 5 as never }), { instanceOf: TypeError });
});
