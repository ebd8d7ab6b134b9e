import { LIMITS, parsePeerId, type PeerId, type Signal, unwrap } from '@shoal/protocol';
import { PeerConnection } from 'node-datachannel';
import { afterEach, describe, expect, it } from 'vitest';
import { DataChannelLinks } from '../../client-sdk/src/adapters/node/datachannel-links.ts';
import type { Input } from '../../client-sdk/src/core/io.ts';
import { until } from '../support/until.ts';

const ANN: PeerId = unwrap(parsePeerId('ann-0000000000000000'));
const BOB: PeerId = unwrap(parsePeerId('bob-0000000000000000'));
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

type End = {
  readonly links: DataChannelLinks;
  readonly inputs: Input[];
  readonly frames: () => readonly Uint8Array[];
  readonly saw: (type: Input['type'], times?: number) => Promise<void>;
};

function end(
  onSignal: (signal: Signal, to: PeerId) => void,
  options: { readonly connectMs?: number } = {},
): End {
  const inputs: Input[] = [];
  const links = new DataChannelLinks({
    ...options,
    iceServers: [],
    input: (input) => {
      inputs.push(input);
      if (input.type === 'link-signal') onSignal(input.signal, input.peer);
    },
  });
  closers.push(() => {
    links.disconnectAll();
  });
  return {
    links,
    inputs,
    frames: () => inputs.flatMap((input) => (input.type === 'link-frame' ? [input.frame] : [])),
    saw: (type, times = 1) =>
      until(() => inputs.filter((input) => input.type === type).length >= times, {
        what: `${times} × ${type}`,
        timeoutMs: 10_000,
      }),
  };
}

function frame(length: number, fill = 1): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).fill(fill);
}

/** Two ends whose signals reach each other. */
async function connected(): Promise<{ readonly ann: End; readonly bob: End }> {
  const ann: End = end((signal) => {
    bob.links.signal(ANN, signal);
  });
  const bob: End = end((signal) => {
    ann.links.signal(BOB, signal);
  });
  bob.links.connect({ peer: ANN, session: 's', initiator: false });
  ann.links.connect({ peer: BOB, session: 's', initiator: true });
  await Promise.all([ann.saw('link-open'), bob.saw('link-open')]);
  return { ann, bob };
}

describe('links on node-datachannel', () => {
  it('open by trickled signals of the wire shape, and carry frames both ways in order', async () => {
    const { ann, bob } = await connected();
    const signals = ann.inputs.flatMap((i) => (i.type === 'link-signal' ? [i.signal] : []));
    expect(new Set(signals.map(({ kind }) => kind))).toEqual(new Set(['offer', 'candidate']));
    for (const signal of signals)
      if (signal.kind === 'candidate') expect(signal.candidate).toMatch(/^candidate:/);
    for (let i = 0; i < 20; i++) ann.links.send(BOB, { bytes: frame(1_000, i), piece: false });
    bob.links.send(ANN, { bytes: frame(LIMITS.digestFrameBytes, 7), piece: false });
    await Promise.all([bob.saw('link-frame', 20), ann.saw('link-frame')]);
    expect(bob.frames().map((bytes) => bytes[999])).toEqual([...Array(20).keys()]);
    expect(ann.frames()[0]).toEqual(frame(LIMITS.digestFrameBytes, 7));
  });

  it('SWM-50 tell where the initiator is only once it knows the answer', async () => {
    const fromAnn: Signal[] = [];
    const fromBob: Signal[] = [];
    const ann = end((signal) => fromAnn.push(signal));
    const bob = end((signal) => fromBob.push(signal));
    bob.links.connect({ peer: ANN, session: 's', initiator: false });
    ann.links.connect({ peer: BOB, session: 's', initiator: true });
    await ann.saw('link-signal');
    for (const signal of fromAnn.splice(0)) bob.links.signal(ANN, signal);
    // The answer, and where bob is; by then ann has long found out where she is.
    await bob.saw('link-signal', 2);
    expect(fromAnn).toEqual([]);
    for (const signal of fromBob.splice(0)) ann.links.signal(BOB, signal);
    await ann.saw('link-signal', 2);
    expect(new Set(fromAnn.map(({ kind }) => kind))).toEqual(new Set(['candidate']));
    for (const signal of fromAnn.splice(0)) bob.links.signal(ANN, signal);
    await Promise.all([ann.saw('link-open'), bob.saw('link-open')]);
  });

  it('SWM-50 open when ten are made at once', async () => {
    const names = [0, 1, 2, 3, 4].map((i) => unwrap(parsePeerId(`p${i}-00000000000000000`)));
    const ends = new Map<PeerId, End>();
    for (const name of names) {
      const pass = (signal: Signal, to: PeerId): void => {
        setTimeout(() => ends.get(to)?.links.signal(name, signal), 20);
      };
      ends.set(name, end(pass));
    }
    const pairs = names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b] as const));
    for (const [a, b] of pairs) {
      ends.get(b)?.links.connect({ peer: a, session: 's', initiator: false });
      ends.get(a)?.links.connect({ peer: b, session: 's', initiator: true });
    }
    await Promise.all([...ends.values()].map((one) => one.saw('link-open', 4)));
    for (const { inputs } of ends.values())
      expect(inputs.filter(({ type }) => type === 'link-closed')).toEqual([]);
  });

  it('say when the send buffer has emptied after a piece, and only then', async () => {
    const { ann } = await connected();
    ann.links.send(BOB, { bytes: frame(16_448), piece: true });
    await ann.saw('link-drained');
    ann.links.send(BOB, { bytes: frame(10), piece: false });
    ann.links.send(BOB, { bytes: frame(16_448), piece: true });
    await ann.saw('link-drained', 2);
    expect(ann.inputs.filter(({ type }) => type === 'link-drained')).toHaveLength(2);
  });

  it('PEER-9 deliver what was said last, and tell both sides of the end', async () => {
    const { ann, bob } = await connected();
    ann.links.send(BOB, { bytes: frame(3, 9), piece: false });
    ann.links.disconnect(BOB);
    await Promise.all([bob.saw('link-closed'), ann.saw('link-closed')]);
    expect(bob.frames()).toEqual([frame(3, 9)]);
    expect([ann.links.size, bob.links.size]).toEqual([0, 0]);
  });

  it('are given up when they do not open in time', async () => {
    const ann = end(() => {}, { connectMs: 100 });
    ann.links.connect({ peer: BOB, session: 's', initiator: true });
    await ann.saw('link-closed');
    expect(ann.links.size).toBe(0);
  });

  it('are at most four times the neighbours that a viewer accepts', () => {
    const ann = end(() => {});
    const peer = (i: number): PeerId => unwrap(parsePeerId(String(i).padStart(20, '0')));
    for (let i = 0; i < 4 * LIMITS.maxNeighbours; i++)
      ann.links.connect({ peer: peer(i), session: 's', initiator: false });
    expect(ann.inputs).toEqual([]);
    ann.links.connect({ peer: BOB, session: 's', initiator: false });
    expect(ann.inputs).toEqual([{ type: 'link-closed', peer: BOB }]);
  });

  it('survive signals that are malformed, of the wrong kind, out of order, or too many', async () => {
    const ann = end(() => {});
    const offer: Signal = { kind: 'offer', sdp: 'v=0\r\nnonsense' };
    ann.links.signal(BOB, offer);
    ann.links.connect({ peer: BOB, session: 's', initiator: true });
    ann.links.signal(BOB, offer);
    for (let i = 0; i < 100; i++)
      ann.links.signal(BOB, {
        kind: 'candidate',
        candidate: 'candidate:1 1 UDP nonsense',
        sdpMid: '0',
        sdpMLineIndex: 0,
      });
    expect(ann.links.size).toBe(1);
    ann.links.connect({ peer: BOB, session: 't', initiator: true });
    ann.links.signal(BOB, { kind: 'answer', sdp: '\u0000' });
    await ann.saw('link-closed');
    expect(ann.links.size).toBe(0);
  });
});

describe('a link to a peer that does not keep to the rules', () => {
  /** A raw connection to bob, and its open channel. */
  async function intruder(): Promise<{
    readonly bob: End;
    readonly connection: PeerConnection;
    readonly channel: ReturnType<PeerConnection['createDataChannel']>;
  }> {
    const connection = new PeerConnection('intruder', { iceServers: [] });
    const bob = end((signal) => {
      if (signal.kind === 'candidate')
        connection.addRemoteCandidate(signal.candidate, signal.sdpMid ?? '0');
      else connection.setRemoteDescription(signal.sdp, signal.kind);
    });
    bob.links.connect({ peer: ANN, session: 's', initiator: false });
    connection.onStateChange(() => {});
    connection.onLocalDescription((sdp) => {
      bob.links.signal(ANN, { kind: 'offer', sdp });
    });
    connection.onLocalCandidate((candidate, sdpMid) => {
      const plain = candidate.replace(/^a=/, '');
      bob.links.signal(ANN, { kind: 'candidate', candidate: plain, sdpMid, sdpMLineIndex: 0 });
    });
    const channel = connection.createDataChannel('x');
    channel.onClosed(() => {});
    closers.push(() => {
      channel.close();
      connection.close();
    });
    await bob.saw('link-open');
    await until(() => channel.isOpen(), { what: 'the channel to open', timeoutMs: 10_000 });
    return { bob, connection, channel };
  }

  it('PEER-3 is closed by a text', async () => {
    const { bob, channel } = await intruder();
    channel.sendMessage('hello');
    await bob.saw('link-closed');
    expect(bob.frames()).toEqual([]);
  });

  it('is closed by a second channel', async () => {
    const { bob, connection } = await intruder();
    const second = connection.createDataChannel('y');
    second.onClosed(() => {});
    await bob.saw('link-closed');
  });

  it('is closed when the other side vanishes from its channel', async () => {
    const { bob, channel } = await intruder();
    channel.close();
    await bob.saw('link-closed');
  });
});
