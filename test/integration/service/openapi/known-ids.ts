import { type Operation } from './document.ts';
import { type RawAnswer } from './raw-request.ts';

/** Ids that are kept of one kind. */
const KEPT = 30;

/** Ids that the service has given, by the parameter of the path that takes them. */
export class KnownIds {
  readonly #ids = new Map<string, string[]>();
  readonly #kinds = new Map<string, string>();

  constructor(operations: readonly Operation[]) {
    for (const { path } of operations) {
      const [, list, name] = /^(.*)\/\{(\w+)\}$/.exec(path) ?? [];
      if (list !== undefined && name !== undefined) this.#kinds.set(list, name);
      for (const [, above = '', of = ''] of path.matchAll(/^(.*?)\/\{(\w+)\}\/\w+/g))
        if (!this.#kinds.has(above)) this.#kinds.set(above, of);
    }
  }

  /** `within` is the path of the list that it is in; without, it is for any. */
  add(name: string, id: string, within = ''): void {
    for (const kind of new Set([name, `${within}/${name}`])) {
      const ids = this.#ids.get(kind) ?? [];
      this.#ids.set(kind, ids);
      if (ids.includes(id)) continue;
      ids.push(id);
      if (ids.length > KEPT) ids.splice(1, 1);
    }
  }

  /** One of this kind, of this list where there are some; the same for the same number while nothing is new. */
  pick(name: string, at: number, within = ''): string | undefined {
    const ids = this.#ids.get(`${within}/${name}`) ?? this.#ids.get(name) ?? [];
    return ids[at % Math.max(1, ids.length)];
  }

  /** Takes what an answer tells of. */
  learn({ path }: Operation, target: string, { status, text }: RawAnswer): void {
    const name = this.#kinds.get(path) ?? kindOf(path);
    if (name === undefined || status < 200 || status >= 300 || text === '') return;
    const [within = ''] = target.split('?');
    const body = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof body['next'] === 'string') this.add('cursor', body['next']);
    const lists = Object.values(body).filter((value) => Array.isArray(value)) as unknown[][];
    for (const entry of [body, ...lists.flat()]) {
      if (typeof entry !== 'object' || entry === null || !('id' in entry)) continue;
      if (typeof entry.id === 'string') this.add(name, entry.id, within);
      if ('payment' in entry && typeof entry.payment === 'string')
        this.add('payment', entry.payment);
    }
  }
}

/** `deliveries` is a list of what `{delivery}` takes. */
function kindOf(path: string): string | undefined {
  const [, list] = /\/(\w+)$/.exec(path) ?? [];
  if (list === 'deliveries') return 'delivery';
  if (list === 'outbox') return 'event';
  return list?.endsWith('s') === true ? list.slice(0, -1) : undefined;
}
