import { readFileSync } from 'node:fs';
import path from 'node:path';
import { statesPage } from '../src/core/rollouts/states-page.ts';
import { dumpSchema } from '../src/db/schema-dump.ts';
import { testDatabase } from '../src/db/test-database.ts';
import { invariantsPage } from '../src/sim/invariants-page.ts';
import { CASES, transcript } from '../src/sim/transcripts.ts';
import { openApi } from './openapi.ts';
import { rolesPage, routesPage, settingsPage } from './reference-pages.ts';

export const ROOT = path.join(import.meta.dirname, '..');

/** A committed file that the code makes, so that a change of the code shows in review as a change of what it means. */
export interface GoldenFile {
  readonly file: string;
  make(): Promise<string> | string;
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
}

async function schemaSql(): Promise<string> {
  const database = await testDatabase();
  return await dumpSchema(database.db).finally(() => database.close());
}

export const GOLDEN_FILES: readonly GoldenFile[] = [
  { file: 'openapi.json', make: () => `${JSON.stringify(openApi(packageVersion()), null, 1)}\n` },
  { file: 'src/db/schema.sql', make: schemaSql },
  { file: 'docs/reference/routes.txt', make: routesPage },
  { file: 'docs/reference/roles.md', make: rolesPage },
  { file: 'docs/reference/settings.md', make: settingsPage },
  { file: 'docs/reference/states.md', make: statesPage },
  { file: 'docs/reference/invariants.md', make: invariantsPage },
  ...CASES.map(one => ({ file: `docs/transcripts/${one.file}.md`, make: () => transcript(one) })),
];
