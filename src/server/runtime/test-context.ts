import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../../core/kernel/instants.ts';
import type { Db } from '../../db/db.ts';
import { appendAudit } from '../audit/append.ts';
import type { Context, Logger } from '../context.ts';
import { planKeysOf } from './plan-keys.ts';

const silent: Logger = { info() {}, warn() {}, error: (fields, message) => console.error(message, fields) };

/** A context over a real database for tests of server nouns: real audit trail, a signing key of its own, quiet unless something is an error. */
export function testContext(db: Db, options: { clock?: Clock; dataDir?: string; log?: Logger } = {}): Context {
  const clock = options.clock ?? systemClock;
  return {
    db,
    clock,
    randomHex: bytes => randomBytes(bytes).toString('hex'),
    log: options.log ?? silent,
    installation: {
      id: 'test-installation',
      name: 'Test',
      baseUrl: 'http://127.0.0.1:7430',
      dataDir: options.dataDir ?? '/nonexistent',
      version: '0.0.0-test',
      demonstration: false,
    },
    planKeys: planKeysOf(generateKeyPairSync('ed25519').privateKey),
    audit: (tx, entry) => appendAudit(tx, clock, entry),
  };
}
