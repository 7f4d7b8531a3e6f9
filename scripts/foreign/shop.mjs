// A service that is not ours: Express, with all that it takes to stand behind the gateway. It registers with one POST,
// renews every 3 seconds, and registers anew when the registry has forgotten it.
//   REGISTRY=http://127.0.0.1:3000 TOKEN=$(./svc token --subject shop --scope register:shop --ttl 30d) node shop.mjs
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';

const { REGISTRY, TOKEN } = process.env;
const app = express();

app.get('/shop/who', (request, response) =>
  response.json({ pid: process.pid, client: request.get('X-Forwarded-For'), asked: request.get('X-Forwarded-Host') }));

app.get('/shop/download', (request, response) => {
  const piece = Buffer.alloc(1 << 20, 'x');
  Readable.from((function* () { for (let i = 0; i < 64; ++i) yield piece; })()).pipe(response);
});

app.get('/shop/events', async (request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  for (let i = 1; i <= 4; ++i) {
    response.write(`data: ${i}\n\n`);
    await sleep(500);
  }
  response.end();
});

const ask = (method, path, body) => fetch(REGISTRY + path, {
  method,
  headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
  body: body && JSON.stringify(body),
});

const server = app.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  let instance;
  const register = async () => {
    const answer = await ask('POST', '/register', { serviceName: 'shop', host: '127.0.0.1', port });
    if (!answer.ok) throw new Error(`not registered: ${answer.status} ${await answer.text()}`);
    instance = (await answer.json()).instanceId;
  };
  await register();
  console.log(`${process.pid} serves at ${port}`);
  setInterval(async () => {
    try {
      const renewed = await ask('PUT', `/register/shop/${instance}`);
      if (renewed.status === 404) await register();
    } catch (error) {
      console.error(`not renewed: ${error.message}`);
    }
  }, 3000);
});
