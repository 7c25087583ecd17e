import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { GOLDEN_FILES, ROOT } from './golden-files.ts';

describe('committed files that the code makes', () => {
  it.each(GOLDEN_FILES)('$file is what the code makes (else run `npm run golden` and look at the difference)', async ({ file, make }) => {
    const at = path.join(ROOT, file);
    expect(existsSync(at), `${file} is not there: run npm run golden`).toBe(true);
    expect(readFileSync(at, 'utf8')).toBe(await make());
  });

  it('openapi.json is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(JSON.parse(readFileSync(path.join(ROOT, 'openapi.json'), 'utf8')));
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });
});
