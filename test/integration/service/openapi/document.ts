/** A JSON schema, as far as the API uses it. */
export type Schema = {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
};

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

type Parameter = {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
};

type Described = {
  readonly description?: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
};

/** The OpenAPI document of a service. */
export type ApiDocument = { readonly paths: Readonly<Record<string, Record<string, Described>>> };

/** One route of the API, as it is described. */
export type Operation = {
  /** `GET /v1/channels/{channel}`. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
  /** Schema by status, `4XX` too; undefined for an answer without a body. */
  readonly answers: ReadonlyMap<string, Schema | undefined>;
};

/** All routes of a document. */
export function operationsOf({ paths }: ApiDocument): readonly Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      name: `${method.toUpperCase()} ${path}`,
      ...{ method: method.toUpperCase(), path, parameters: described.parameters ?? [] },
      body: described.requestBody?.content['application/json']?.schema,
      answers: new Map(
        Object.entries(described.responses).map(([status, { content }]) => [
          status,
          Object.values(content ?? {})[0]?.schema,
        ]),
      ),
    })),
  );
}
