import fc from 'fast-check';
import { type Schema } from './document.ts';

/** What texts of this name must be to mean something, beyond what their schema says. */
export type Hints = ReadonlyMap<string, fc.Arbitrary<unknown>>;

/** Values that a schema describes; `name` is that of the field. */
export function valuesOf(schema: Schema, hints: Hints, name = ''): fc.Arbitrary<unknown> {
  const hint = hints.get(name);
  if (hint !== undefined && (schema.type === 'string' || schema.anyOf !== undefined)) return hint;
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const some = schema.anyOf ?? schema.oneOf;
  if (some !== undefined) return fc.oneof(...some.map((one) => valuesOf(one, hints, name)));
  if (Array.isArray(schema.type))
    return fc.oneof(
      ...schema.type.map((type: string) => valuesOf({ ...schema, type }, hints, name)),
    );
  switch (schema.type) {
    case 'string':
      return texts(schema);
    case 'integer':
      return fc.integer({ min: least(schema), max: most(schema) });
    case 'number':
      return fc.integer({ min: least(schema), max: most(schema) });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, hints, name), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 5, (schema.minItems ?? 0) + 4),
      });
    case 'object':
      return objects(schema, hints);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABC 0123456789'.split('');

function texts({ pattern, minLength = 0, maxLength = 60 }: Schema): fc.Arbitrary<string> {
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  const bounds = { minLength, maxLength: Math.min(maxLength, minLength + 60) };
  const unit = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...LETTERS) },
    { weight: 1, arbitrary: fc.constantFrom('ä', 'λ', '語', '-', '_', '<', '&', '"', "'") },
  );
  return fc.string({ ...bounds, unit });
}

function objects(schema: Schema, hints: Hints): fc.Arbitrary<unknown> {
  const { properties = {}, required = [] } = schema;
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [name, valuesOf(field, hints, name)]),
  );
  return fc.record(fields, { requiredKeys: [...required] });
}

function least({ minimum, exclusiveMinimum }: Schema): number {
  return Math.ceil(minimum ?? (exclusiveMinimum === undefined ? 0 : exclusiveMinimum + 1));
}

function most(schema: Schema): number {
  return Math.max(least(schema), Math.floor(schema.maximum ?? 1_000));
}
