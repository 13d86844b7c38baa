import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { Random } from '../engine/random.ts';
import { TcpRelay } from './relay.ts';

test('bytes come through late, in their order, and behind a cut', async () => {
  const echo = createServer((socket: Socket) => socket.pipe(socket));
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const random = new Random(1);
  const relay = new TcpRelay({
    port: 0,
    to: () => (echo.address() as AddressInfo).port,
    delayMs: () => random.between(0, 20),
  });
  const socket = connect(await relay.start(), '127.0.0.1');
  let got = '';
  socket.setEncoding('utf8').on('data', (piece: string) => (got += piece));
  const sent = Array.from({ length: 50 }, (_, i) => `${i},`);
  for (const [i, text] of sent.entries()) {
    socket.write(text);
    if (i === 25) relay.cut(300);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.ok(got.length < sent.join('').length, 'the cut holds back');
  const deadline = Date.now() + 5000;
  while (got.length < sent.join('').length && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(got, sent.join(''));
  socket.destroy();
  await relay.stop();
  echo.close();
});
