import type { Input } from '@shoal/client-sdk/core';
import type { TrackerMessage } from '@shoal/protocol';
import { WebSocket as NodeSocket } from 'ws';
import { TrackerClient } from '../../../../../client-sdk/src/adapters/tracker/tracker-client.ts';

// Node 20 has no WebSocket of its own; that of `ws` keeps to the browser's interface as far as it is used here.
const webSocket = NodeSocket as unknown as typeof WebSocket;

/** A tracker client and all that it told its engine. */
export class Bench {
  readonly inputs: Input[] = [];
  readonly states: string[] = [];
  unreachable = 0;
  readonly client: TrackerClient;

  constructor(url: string, openMs?: number, token?: () => string | Promise<string>) {
    this.client = new TrackerClient({
      url,
      token,
      webSocket,
      random: () => 0,
      input: (input) => this.inputs.push(input),
      onState: (state) => this.states.push(state),
      onUnreachable: () => (this.unreachable += 1),
      ...(openMs !== undefined && { openMs }),
    });
  }

  messages(): readonly TrackerMessage[] {
    return this.inputs.flatMap((input) =>
      input.type === 'tracker-message' ? [input.message] : [],
    );
  }
}
