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

/** An event as a whole frame (RFC 6455 section 5.2), which a socket takes in one write, where `ws` would make a header for each reader. */
export function frameOf(envelope: Envelope): Buffer {
  const text = Buffer.from(JSON.stringify(envelope));
  const whole = { fin: true, rsv1: false, opcode: TEXT, mask: false, readOnly: true };
  return Buffer.concat(Sender.frame(text, whole));
}
