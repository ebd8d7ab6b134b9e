import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { peerHelpText, readPeerCommand } from '../../../../client-sdk/src/node/cli/options.ts';

const PLAYLIST = 'https://origin.test/live/demo/index.m3u8';
const TRACKER = 'wss://tracker.test/';
const NEEDED = ['--playlist', PLAYLIST, '--tracker', TRACKER];

describe('the command line of shoal-peer', () => {
  it('needs a playlist and a tracker, and has a default for the rest', () => {
    expect(readPeerCommand(NEEDED, {})).toEqual({
      ok: true,
      value: {
        type: 'run',
        playlist: PLAYLIST,
        tracker: TRACKER,
        peers: 1,
        uploadKbps: undefined,
        seconds: undefined,
        every: 5,
        json: false,
      },
    });
    const nothing = readPeerCommand([], {});
    expect(nothing.ok ? [] : nothing.error).toHaveLength(2);
  });

  it('prefers a flag to its variable, and takes an empty variable for none', () => {
    const env = {
      SHOAL_PLAYLIST: PLAYLIST,
      SHOAL_TRACKER: TRACKER,
      SHOAL_PEERS: '7',
      SHOAL_SECONDS: '0.5',
      SHOAL_UPLOAD_KBPS: '',
      SHOAL_JSON: '1',
    };
    expect(readPeerCommand(['--peers', '200'], env)).toMatchObject({
      value: { peers: 200, seconds: 0.5, uploadKbps: undefined, json: true },
    });
  });

  it('SEG-14 takes signing keys with commas between them', () => {
    const [one, two] = ['A'.repeat(43), `${'A'.repeat(42)}E`];
    expect(readPeerCommand([...NEEDED, '--signing-keys', `${one},${two}`], {})).toMatchObject({
      value: { signingKeys: [one, two] },
    });
    expect(readPeerCommand(NEEDED, { SHOAL_SIGNING_KEYS: one })).toMatchObject({
      value: { signingKeys: [one] },
    });
  });

  it.each([
    [['--signing-keys', 'short']],
    [['--signing-keys', `${'A'.repeat(43)},`]],
    [['--peers', '0']],
    [['--peers', '201']],
    [['--peers', '1.5']],
    [['--peers', 'many']],
    [['--upload-kbps', '0']],
    [['--upload-kbps', '-5']],
    [['--seconds', '1e3']],
    [['--every', 'Infinity']],
    [['--playlist', 'file:///etc/passwd']],
    [['--tracker', 'https://tracker.test']],
    [['--pears', '3']],
    [['--peers']],
    [['more']],
  ])('refuses %s', (args) => {
    const result = readPeerCommand([...NEEDED, ...args], {});
    expect(result.ok ? [] : result.error).toEqual([expect.any(String)]);
  });

  it('never throws, and never gives more than 200 peers', () => {
    const word = fc.oneof(fc.constantFrom('--peers', '--json', ...NEEDED), fc.string());
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (args) => {
        const result = readPeerCommand(args, {});
        if (result.ok && result.value.type === 'run')
          expect(result.value.peers).toBeLessThanOrEqual(200);
      }),
    );
  });

  it('explains itself, whatever else is asked for', () => {
    expect(readPeerCommand(['--help', '--peers', '0'], {})).toEqual({
      ok: true,
      value: { type: 'help' },
    });
    for (const word of ['--upload-kbps', 'SHOAL_TRACKER', 'Exit codes'])
      expect(peerHelpText()).toContain(word);
  });
});
