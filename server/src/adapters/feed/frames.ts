import { type Envelope } from '@shoal/protocol';

/** Events as bytes: that of the last one is kept, since it is what all readers are sent. */
export class Frames {
  #last: { readonly envelope: Envelope; readonly bytes: Buffer } | undefined;

  of(envelope: Envelope): Buffer {
    if (this.#last?.envelope !== envelope)
      this.#last = { envelope, bytes: Buffer.from(JSON.stringify(envelope)) };
    return this.#last.bytes;
  }
}
