import { createNodePeer, type NodePeerOptions } from '@shoal/client-sdk/node';
import { expect, it } from 'vitest';

const GOOD: NodePeerOptions = {
  playlist: 'http://127.0.0.1:9/index.m3u8',
  tracker: 'ws://127.0.0.1:9',
};

it.each<Partial<NodePeerOptions>>([
  { playlist: 'index.m3u8' },
  { playlist: 'ftp://origin/index.m3u8' },
  { tracker: 'http://tracker' },
  { variant: -1 },
  { startBehindSegments: 0 },
  { startBehindSegments: 65 },
  { channel: 'a b' },
  // What a script in plain JavaScript may pass.
  { integrity: 'some' as 'none' },
  { signingKeys: [] },
  { signingKeys: ['x'] },
  { upload: { maxKbps: 0 } },
  { upload: { maxBytes: 0 } },
  { userAgent: 'a\r\nb' },
  { iceServers: [{ urls: 'http://x' }] },
])('refuses %j', async (bad) => {
  await expect(createNodePeer({ ...GOOD, ...bad })).rejects.toMatchObject({
    name: 'NodePeerError',
    code: 'invalid-option',
  });
});
