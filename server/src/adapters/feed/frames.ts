import * as ws from 'ws';
import { type Envelope } from '@shoal/protocol';

/** Exported by `ws`, and left out of its types. */
const { Sender } = ws as unknown as {
  readonly Sender: {
    readonly frame: (
      data: Buffer,
      options: {
        readonly fin: boolean;
        readonly rsv1: boolean;
        readonly opcode: number;
        readonly mask: boolean;
        readonly readOnly: boolean;
      },
    ) => readonly Buffer[];
  };
};

const TEXT = 1;

/**
 * Events as whole frames (RFC 6455 section 5.2), which a socket takes in one write, where `ws` would make a header for each reader. That of
 * the last one is kept, since it is what all readers are sent.
 */
export class Frames {
  #last: { readonly envelope: Envelope; readonly frame: Buffer } | undefined;

  of(envelope: Envelope): Buffer {
    if (this.#last?.envelope !== envelope) this.#last = { envelope, frame: frameOf(envelope) };
    return this.#last.frame;
  }
}

function frameOf(envelope: Envelope): Buffer {
  const text = Buffer.from(JSON.stringify(envelope));
  const whole = { fin: true, rsv1: false, opcode: TEXT, mask: false, readOnly: true };
  return Buffer.concat(Sender.frame(text, whole));
}
