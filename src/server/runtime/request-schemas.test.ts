import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Route } from '../../api/contract.ts';
import { api } from '../../api/index.ts';
import { jsonSchemaOf, type RequestPart, requestChecks } from './request-schemas.ts';

type Json = Record<string, unknown>;
const PARTS: readonly RequestPart[] = ['params', 'query', 'body'];
const parts = (Object.entries(api) as [string, Route][]).flatMap(([name, route]) =>
  // A body of bytes has no schema to compare.
  PARTS.flatMap(part =>
    route[part] === undefined || (part === 'body' && route.consumes !== undefined)
      ? []
      : [{ name, part, route, schema: route[part] as z.ZodType }],
  ),
);

/** Every kind of node in a zod schema, by walking its definition. */
function kindsOf(schema: z.ZodType, seen = new Set<unknown>()): string[] {
  if (seen.has(schema)) return [];
  seen.add(schema);
  const def = schema._zod.def as unknown as Json & { type: string; checks?: { _zod: { def: { check: string } } }[] };
  const children = Object.values(def).flatMap(value =>
    Array.isArray(value)
      ? value
      : typeof value === 'object' && value !== null && def.type === 'object' && !('_zod' in value)
        ? Object.values(value)
        : [value],
  );
  const inner = children.filter(
    (child): child is z.ZodType => typeof child === 'object' && child !== null && '_zod' in child && 'parse' in child,
  );
  return [def.type, ...(def.checks ?? []).map(check => `check:${check._zod.def.check}`), ...inner.flatMap(child => kindsOf(child, seen))];
}

const STRINGS: Readonly<Record<string, string>> = { 'date-time': '2026-11-22T03:04:05.678Z', uri: 'https://example.org/x' };

/** A value that a JSON schema allows. `full`: with every optional field and one that the contract does not name; else only what is required. */
function sample(schema: Json, defs: Json, full: boolean): unknown {
  if (typeof schema.$ref === 'string') return sample(defs[schema.$ref.replace('#/$defs/', '')] as Json, defs, full);
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum.at(-1);
  const choices = (schema.oneOf ?? schema.anyOf) as Json[] | undefined;
  if (choices !== undefined) return sample(choices[full ? 0 : choices.length - 1] as Json, defs, full);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'object') return objectSample(schema, defs, full);
  if (type === 'array') {
    if (Array.isArray(schema.prefixItems)) return schema.prefixItems.map(item => sample(item as Json, defs, full));
    return full || Number(schema.minItems ?? 0) > 0 ? [sample(schema.items as Json, defs, full)] : [];
  }
  if (type === 'integer' || type === 'number') return Math.max(1, Number(schema.minimum ?? 1));
  if (type === 'boolean') return true;
  if (type === 'string') return stringSample(schema);
  return null;
}

function objectSample(schema: Json, defs: Json, full: boolean): Json {
  const required = (schema.required as string[] | undefined) ?? [];
  const fields = Object.entries((schema.properties as Record<string, Json> | undefined) ?? {}).filter(
    ([name]) => full || required.includes(name),
  );
  const value: Json = Object.fromEntries(fields.map(([name, field]) => [name, sample(field, defs, full)]));
  if (typeof schema.additionalProperties === 'object') value.key = sample(schema.additionalProperties as Json, defs, full);
  else if (full) value.notInTheContract = { deep: [1] };
  return value;
}

function stringSample(schema: Json): string {
  if (typeof schema.format === 'string' && schema.format in STRINGS) return STRINGS[schema.format] as string;
  if (typeof schema.pattern === 'string' && schema.pattern.startsWith('^\\d{4}-\\d{2}-\\d{2}T')) return '2026-11-22T03:04';
  if (typeof schema.pattern === 'string' && schema.pattern.includes('0-9a-f')) return 'a'.repeat(64);
  return 'a'.repeat(Math.max(3, Number(schema.minLength ?? 3)));
}

describe('the contract as request checks', () => {
  it('has schemas that say the same in JSON Schema: no refinement, no transform', () => {
    const kinds = new Set(parts.flatMap(({ schema }) => kindsOf(schema)));
    expect(kinds.has('string')).toBe(true);
    expect(
      [...kinds].filter(kind => ['transform', 'pipe', 'custom', 'check:custom', 'check:overwrite', 'promise', 'lazy'].includes(kind)),
    ).toEqual([]);
  });

  it('finds a refinement when there is one', () => {
    expect(kindsOf(z.object({ a: z.array(z.string().refine(text => text !== '')) }))).toContain('check:custom');
  });

  const checkOf = requestChecks();
  it.each(parts)('$name $part: ajv completes and cuts a value exactly as zod does', ({ part, route, schema }) => {
    const json = jsonSchemaOf(schema, 'input');
    for (const full of [true, false]) {
      const value = sample(json, (json.$defs as Json | undefined) ?? {}, full);
      const wire =
        part === 'body'
          ? value
          : Object.fromEntries(
              Object.entries(value as Json).map(([name, field]) => [name, typeof field === 'object' ? field : String(field)]),
            );
      const expected = schema.parse(structuredClone(wire));
      const others = Object.fromEntries(
        PARTS.filter(other => other !== part && route[other] !== undefined).map(other => [other, sampleOf(route[other] as z.ZodType)]),
      );
      const input = { params: {}, query: {}, body: {}, ...others, [part]: structuredClone(wire) };
      checkOf(route).check(input);
      expect(input[part as 'body']).toEqual(expected);
    }
  });

  it.each(parts.filter(({ part }) => part === 'body'))('$name refuses a body of the wrong kind', ({ route }) => {
    for (const body of [null, [], 'text', 7, undefined])
      expect(() => checkOf(route).check({ params: sampleOf(route.params), query: sampleOf(route.query), body })).toThrow(/body/);
  });
});

function sampleOf(schema: z.ZodType | undefined): unknown {
  if (schema === undefined) return {};
  const json = jsonSchemaOf(schema, 'input');
  return sample(json, (json.$defs as Json | undefined) ?? {}, false);
}
