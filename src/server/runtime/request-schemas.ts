import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import type { Problem, Route } from '../../api/contract.ts';
import { RequestFault } from './problems.ts';

type JsonSchema = Record<string, unknown>;

/**
 * A contract schema as JSON Schema 2020-12. Two things are added so that ajv treats a value as zod would: objects drop fields that they do
 * not name, and unions with a discriminator say so (only then does ajv fill defaults inside their members).
 */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    override({ zodSchema, jsonSchema }) {
      const def = zodSchema._zod.def as { type: string; catchall?: unknown; discriminator?: string };
      if (def.type === 'object' && def.catchall === undefined) jsonSchema.additionalProperties = false;
      if (def.type === 'union' && def.discriminator !== undefined)
        Object.assign(jsonSchema, { discriminator: { propertyName: def.discriminator } });
    },
  }) as JsonSchema;
  return rest;
}

/** Bodies are JSON and keep their types; params and query are text and become numbers where the schema says so. */
function compilers() {
  // Lengths in UTF-16 units, as zod counts them: counting code points took a tenth of the time of a whole report. ajv would warn of that wish.
  const lengths = { unicode: false, logger: false } as const;
  const common = { allErrors: false, strict: false, useDefaults: true, removeAdditional: true, discriminator: true, ...lengths } as const;
  const body = new Ajv2020(common);
  const text = new Ajv2020({ ...common, coerceTypes: true });
  for (const ajv of [body, text]) addFormats.default(ajv, { mode: 'fast' });
  return { body, query: text, params: text };
}

export type RequestPart = 'params' | 'query' | 'body';
const PARTS: readonly RequestPart[] = ['params', 'query', 'body'];

interface RequestCheck {
  /** Checks and completes the parts in place; throws RequestFault 400 that names the first bad field. */
  check(input: Record<RequestPart, unknown>): void;
}

/** Compiles each route at its first request: all of them at the start would cost some 200 ms that a restart does not have. */
export function requestChecks(): (route: Route) => RequestCheck {
  const ajv = compilers();
  const compiled = new Map<Route, RequestCheck>();
  return route => {
    const known = compiled.get(route);
    if (known !== undefined) return known;
    const checks = PARTS.flatMap(part => {
      const schema = route[part];
      return schema === undefined ? [] : [{ part, validate: ajv[part].compile(jsonSchemaOf(schema, 'input')) }];
    });
    const check: RequestCheck = {
      check(input) {
        for (const { part, validate } of checks) if (!validate(input[part])) throw fieldFault(part, validate);
      },
    };
    compiled.set(route, check);
    return check;
  };
}

function fieldFault(part: RequestPart, validate: ValidateFunction): RequestFault {
  const errors = (validate.errors ?? []).map(error => fieldOf(part, error));
  const first = errors[0] ?? { path: part, message: 'is not valid' };
  return new RequestFault(400, 'invalid-input', `${first.path} ${first.message}`, 'Correct the field and send it again.', {
    fields: errors.slice(0, 20),
  });
}

function fieldOf(part: RequestPart, error: ErrorObject): NonNullable<Problem['fields']>[number] {
  const missing = error.keyword === 'required' ? `/${String((error.params as { missingProperty?: string }).missingProperty)}` : '';
  const allowed = error.keyword === 'enum' ? `: ${((error.params as { allowedValues?: unknown[] }).allowedValues ?? []).join(', ')}` : '';
  return {
    path: `${part}${error.instancePath}${missing}`,
    message: missing === '' ? `${error.message ?? 'is not valid'}${allowed}` : 'is required',
  };
}
