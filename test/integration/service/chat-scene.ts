import { type ChatMessage } from '@shoal/protocol';
import { type Answer, field, type TestService } from './test-service.ts';

let channels = 0;

/** A channel of Ana's that Mo moderates, and what is done in it. */
export class ChatScene {
  readonly path: string;
  readonly channel: string;
  readonly tokens = new Map<string, string>();

  readonly #test: TestService;

  private constructor(test: TestService, channel: string) {
    this.#test = test;
    this.channel = channel;
    this.path = `/v1/channels/${channel}`;
  }

  static async start(test: TestService): Promise<ChatScene> {
    const scene = new ChatScene(test, `chat${channels++}`);
    await test.makeChannel(scene.channel, 'ana');
    for (const user of ['ana', 'mo', 'vi']) scene.tokens.set(user, await test.tokenOf(user));
    scene.tokens.set('admin', test.admin);
    const made = await scene.as('ana', 'PUT /moderators/mo', {});
    if (made.status !== 200) throw new Error(JSON.stringify(made.body));
    return scene;
  }

  /** The same channel in another process of the service. */
  in(test: TestService): ChatScene {
    const scene = new ChatScene(test, this.channel);
    for (const [user, token] of this.tokens) scene.tokens.set(user, token);
    return scene;
  }

  /** Somebody, by the name of their token, makes a request of the channel. */
  as(who: string | undefined, request: string, body?: unknown): Promise<Answer> {
    const [method = '', path = ''] = request.split(' ');
    const token = who === undefined ? undefined : (this.tokens.get(who) ?? who);
    return this.#test.call(method, `${this.path}${path}`, { token, body });
  }

  say(who: string, text = 'hello'): Promise<Answer> {
    return this.as(who, 'POST /chat/messages', { text });
  }

  /** The id of a new message of somebody. */
  async said(who: string, text = 'hello'): Promise<string> {
    const answer = await this.say(who, text);
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return field(answer.body, 'id');
  }

  async messages(who?: string, query = ''): Promise<readonly ChatMessage[]> {
    const { body } = await this.as(who, `GET /chat/messages${query}`);
    return (body as { messages: ChatMessage[] }).messages;
  }

  settings(change: object, who = 'mo'): Promise<Answer> {
    return this.as(who, 'PATCH /chat/settings', change);
  }
}
