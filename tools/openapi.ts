import { z } from 'zod';
import { ACCESS, Problem, type Route } from '../src/api/contract.ts';
import { api } from '../src/api/index.ts';

type Json = Record<string, unknown>;

/** A contract schema as JSON Schema 2020-12, which OpenAPI 3.1 takes as it is. Unions say by which field they differ. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    override({ zodSchema, jsonSchema }) {
      const def = zodSchema._zod.def as { type: string; discriminator?: string };
      if (def.type === 'union' && def.discriminator !== undefined)
        Object.assign(jsonSchema, { discriminator: { propertyName: def.discriminator } });
    },
  }) as Json;
  return rest;
}

/** Named schemas (`.meta({ id })`) come as local `$defs`; OpenAPI keeps them once, in components. Requests and answers differ (defaults), so do their names. */
class Components {
  readonly schemas = new Map<string, unknown>();

  hoist(value: unknown, suffix: '' | 'Input'): unknown {
    if (Array.isArray(value)) return value.map(item => this.hoist(item, suffix));
    if (value === null || typeof value !== 'object') return value;
    const { $defs, ...rest } = value as Json;
    for (const [name, schema] of Object.entries(($defs as Json | undefined) ?? {})) this.#keep(name + suffix, this.hoist(schema, suffix));
    return Object.fromEntries(
      Object.entries(rest).map(([key, item]) => [
        key,
        key === '$ref' && typeof item === 'string' ? item.replace('#/$defs/', '#/components/schemas/') + suffix : this.hoist(item, suffix),
      ]),
    );
  }

  #keep(name: string, schema: unknown): void {
    const known = this.schemas.get(name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) throw new Error(`two different schemas are named ${name}`);
    this.schemas.set(name, schema);
  }
}

function parametersOf(components: Components, schema: z.ZodObject | undefined, where: 'path' | 'query'): Json[] {
  if (schema === undefined) return [];
  const json = components.hoist(schemaOf(schema, 'input'), 'Input') as { properties?: Json; required?: string[] };
  return Object.entries(json.properties ?? {}).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || (json.required ?? []).includes(name),
    schema: property,
  }));
}

function contentOf(route: Route, answer: unknown): Json {
  const type = route.produces ?? 'application/json';
  if (type === 'application/octet-stream') return { [type]: {} };
  // A stream or a table is text; what one event or row holds stands beside it.
  return type === 'application/json' ? { [type]: { schema: answer } } : { [type]: { schema: { type: 'string' }, 'x-item-schema': answer } };
}

const WAYS_IN: Readonly<Record<string, Json[]>> = {
  public: [],
  agent: [{ agent: [] }],
};

function operationOf(components: Components, name: string, route: Route): Json {
  const problem = {
    description: 'A problem (RFC 9457)',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  return {
    operationId: name,
    summary: route.summary,
    'x-access': route.access,
    security: WAYS_IN[route.access] ?? [{ session: [] }, { token: [] }],
    parameters: [...parametersOf(components, route.params, 'path'), ...parametersOf(components, route.query, 'query')],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { [route.consumes ?? 'application/json']: { schema: components.hoist(schemaOf(route.body, 'input'), 'Input') } },
          },
        }),
    responses: {
      200: { description: 'Done', content: contentOf(route, components.hoist(schemaOf(route.answer, 'output'), '')) },
      default: problem,
    },
  };
}

/** OpenAPI 3.1 of the whole contract, made from the same schemas that check requests. */
export function openApi(version: string): Json {
  const components = new Components();
  components.hoist(schemaOf(Problem, 'output'), '');
  const paths: Record<string, Json> = {};
  for (const [name, route] of Object.entries(api) as [string, Route][])
    (paths[route.path] ??= {})[route.method] = operationOf(components, name, route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Fettle',
      version,
      summary: 'Self-hosted patch management',
      license: { name: 'AGPL-3.0-only', identifier: 'AGPL-3.0-only' },
      description: `Made from src/api by \`npm run golden\`. \`x-access\` names what a route needs: ${ACCESS.join(', ')}.`,
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: Object.fromEntries([...components.schemas].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'fettle_session',
          description: 'Set by signing in; the real name carries the installation, and `__Host-` over https.',
        },
        token: { type: 'http', scheme: 'bearer', description: 'An API token, `fet_...`. It can never approve.' },
        agent: { type: 'apiKey', in: 'header', name: 'authorization', description: '`FettleAgent HOST_ID.SECRET`, from enrolment.' },
      },
    },
  };
}
