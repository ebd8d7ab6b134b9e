import { describe, expect, it } from 'vitest';
import { parseSwarm, type Swarm } from '@shoal/demo/shared-ui/tracker-api';
import { SIZE, swarmView } from '@shoal/demo/studio/swarm-view';

const peer = (name: string, next: number, more: object = {}) => ({
  ...{ peer: name, shares: true, holder: true, neighbours: 2, uploadRatio: 1 },
  ...{ position: { rendition: 'source', lo: next - 5, hi: next - 1, next } },
  ...more,
});
const RAW = {
  ...{ channel: 'demo', p2p: true, viewers: 3 },
  peers: [peer('b', 11), peer('a', 10), peer('c', 12, { shares: false, uploadRatio: 0 })],
  links: [
    { a: 'a', b: 'b', state: 'active' },
    { a: 'b', b: 'c', state: 'settling' },
    { a: 'a', b: 'elsewhere', state: 'active' },
  ],
  windows: [
    { rendition: 'source', from: 8, viewers: 2 },
    { rendition: 'source', from: 12, viewers: 1 },
  ],
  duties: [
    {
      segment: { rendition: 'source', epoch: 1, msn: 12 },
      stripes: [
        { peer: 'a', stripe: 0, of: 2, rank: 0 },
        { peer: 'b', stripe: 0, of: 2, rank: 1 },
        { peer: 'b', stripe: 1, of: 2, rank: 0 },
      ],
    },
    { segment: { msn: 11 }, stripes: [] },
  ],
};

function swarm(more: object = {}): Swarm {
  const parsed = parseSwarm({ ...RAW, ...more });
  if (parsed === undefined) throw new Error('no swarm');
  return parsed;
}

describe('the swarm of the studio', () => {
  it('is a ring in order of what viewers need, with those that fetch, share or only receive', () => {
    const { dots, lines, summary } = swarmView(swarm());
    expect(dots.map(({ kind }) => kind)).toEqual(['owner', 'owner', 'receiving']);
    expect(dots[0]?.title).toContain('needs segment 10');
    expect(dots[0]).toMatchObject({ x: SIZE / 2 });
    for (const { x, y, radius } of dots)
      for (const place of [x - radius, y - radius, x + radius, y + radius]) {
        expect(place).toBeGreaterThanOrEqual(0);
        expect(place).toBeLessThanOrEqual(SIZE);
      }
    expect(lines.map(({ active }) => active)).toEqual([true, false]);
    expect(summary).toBe('3 viewers, 3 introductions, 1 of them in use.');
  });

  it('says where viewers are and who fetches what', () => {
    const { windows, duties } = swarmView(swarm());
    expect(windows).toEqual([
      { label: 'source 12–15', viewers: 1, share: 0.5 },
      { label: 'source 8–11', viewers: 2, share: 1 },
    ]);
    expect(duties).toEqual([
      { label: 'Segment 12', text: '2 stripes, fetched by 2 viewers' },
      { label: 'Segment 11', text: 'nobody holds enough yet: all fetch it from the server' },
    ]);
  });

  it('says when P2P is off, nobody is there, or not all are shown', () => {
    expect(swarmView(swarm({ p2p: false })).summary).toContain('switched off');
    expect(swarmView(swarm({ viewers: 0, peers: [], links: [] })).summary).toContain('Nobody');
    expect(swarmView(swarm({ viewers: 900 })).summary).toContain('900 viewers (3 of them shown)');
  });

  it.each([undefined, null, 7, {}, { viewers: 'many' }])('takes %j for no swarm', (value) => {
    expect(parseSwarm(value)).toBeUndefined();
  });

  it('leaves out what it cannot read', () => {
    const odd = [null, 7, {}, { a: 1, b: 2 }];
    const read = swarm({ peers: [...odd, { peer: 'x' }], links: odd, windows: odd, duties: odd });
    expect(read).toMatchObject({ links: [], windows: [], duties: [] });
    expect(read.peers).toHaveLength(1);
    expect(swarmView(read).dots[0]).toMatchObject({ kind: 'receiving' });
  });
});
