import { once } from 'node:events';
import { CLOSE } from '@shoal/protocol';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { Connection } from '../../../tracker/src/adapters/connection.ts';
import { Relay } from '../../../tracker/src/adapters/relay.ts';
import { until } from '../../support/until.ts';
import { RawClient } from './raw-client.ts';
import { freePort } from '../../support/redis-server.ts';

let front: WebSocketServer;
let node: WebSocketServer;
let atNode: WebSocket[];
let failures: string[];
let client: RawClient;
let relayed: Connection;

function portOf(server: WebSocketServer): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

beforeEach(async () => {
  atNode = [];
  failures = [];
  front = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  node = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  node.on('connection', (socket) => atNode.push(socket));
  await Promise.all([once(front, 'listening'), once(node, 'listening')]);
  front.on('connection', (ws, request) => {
    relayed = new Connection(ws, request.socket, Date.now());
  });
  client = await RawClient.open(portOf(front));
  await until(() => front.clients.size === 1, { what: 'connected' });
});

afterEach(() => {
  client.ws.terminate();
  for (const server of [front, node]) {
    for (const socket of server.clients) socket.terminate();
    server.close();
  }
});

function relayTo(port: number): Relay {
  return new Relay({
    client: relayed,
    url: `ws://127.0.0.1:${String(port)}/?channel=demo`,
    headers: { 'x-shoal-relay': 'pass' },
    onFailure: (reason) => failures.push(reason),
  });
}

it('TRK-26 carries messages both ways, those that came before the node answered first', async () => {
  const heard: string[] = [];
  node.on('connection', (socket, request) => {
    heard.push(String(request.headers['x-shoal-relay']), String(request.url));
    socket.on('message', (data: Buffer) => {
      heard.push(data.toString());
      socket.send(JSON.stringify({ action: 'announce', echo: heard.length }));
    });
  });
  const relay = relayTo(portOf(node));
  relay.forward(Buffer.from('{"n":1}'));
  relay.forward(Buffer.from('{"n":2}'));
  await client.next('announce', 2);
  relay.forward(Buffer.from('{"n":3}'));
  await client.next('announce', 3);
  expect(heard).toEqual(['pass', '/?channel=demo', '{"n":1}', '{"n":2}', '{"n":3}']);
});

it('TRK-26 either end closes the other', async () => {
  relayTo(portOf(node));
  await until(() => atNode.length === 1, { what: 'relayed' });
  atNode[0]?.close(CLOSE.refused, 'no such channel');
  await until(() => client.closed !== undefined, { what: 'the client is closed' });
  expect(client.closed?.code).toBe(CLOSE.refused);

  client = await RawClient.open(portOf(front));
  await until(() => front.clients.size === 1, { what: 'connected' });
  const relay = relayTo(portOf(node));
  await until(() => atNode.length === 2, { what: 'relayed' });
  relay.close();
  await until(() => atNode[1]?.readyState === 3, { what: 'the node is closed' });
});

it('TRK-26 a node that is not there closes the client, which comes back by itself', async () => {
  relayTo(await freePort());
  await until(() => client.closed !== undefined, { what: 'closed' });
  expect(client.closed?.code).toBe(CLOSE.goingAway);
  expect(failures).toHaveLength(1);
});

it('TRK-26 only so many messages wait for a node', async () => {
  const relay = relayTo(portOf(node));
  for (let i = 0; i < 33; i++) relay.forward(Buffer.from('{}'));
  await until(() => client.closed !== undefined, { what: 'closed' });
  expect(client.closed?.code).toBe(CLOSE.overload);
});
