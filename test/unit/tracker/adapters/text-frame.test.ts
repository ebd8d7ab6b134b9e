import type { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import * as ws from 'ws';
import { textFrame } from '../../../../tracker/src/adapters/text-frame.ts';

/** Exported by `ws`, and left out of its types. */
const { Receiver } = ws as unknown as {
  readonly Receiver: new (options: { readonly isServer: boolean }) => Writable;
};

/** What a client of `ws` makes of a frame. */
function received(text: string): Promise<string> {
  const frame = textFrame(text);
  const bytes = typeof frame === 'string' ? Buffer.from(frame, 'latin1') : frame;
  return new Promise((resolve, reject) => {
    const receiver = new Receiver({ isServer: false });
    receiver.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) reject(new Error('binary'));
      else resolve(data.toString());
    });
    receiver.on('error', reject);
    receiver.write(bytes);
  });
}

it.each([0, 1, 125, 126, 65_535, 65_536, 200_000])(
  'a text of %i characters arrives whole, of ASCII or not (RFC 6455 section 5.2)',
  async (length) => {
    const ascii = 'x'.repeat(length);
    expect(await received(ascii)).toBe(ascii);
    // A surrogate without its other half is no text.
    const other = Buffer.from('ü€😀'.repeat(length).slice(0, length)).toString();
    expect(await received(other)).toBe(other);
  },
);

it('of ASCII it stays a text, which sockets write without a buffer', () => {
  expect(textFrame('{}')).toBe('\x81\x02{}');
  expect(textFrame('ü')).toEqual(Buffer.from([0x81, 2, 0xc3, 0xbc]));
});
