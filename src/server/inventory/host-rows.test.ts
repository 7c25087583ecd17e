import { createHash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FACTS_DICTIONARY } from '../runtime/facts-dictionary.ts';
import { packFacts, unpackFacts } from '../runtime/packed-facts.ts';
import { hostFactsOf } from './test-inventory.ts';

describe('stored facts', () => {
  const facts = hostFactsOf('web01', {
    services: Array.from({ length: 40 }, (_, at) => ({ unit: `app-${at}.service`, activeState: 'active', subState: 'running' })),
  });

  it('come back as they were, also those that were packed before there was a dictionary', () => {
    expect(unpackFacts(packFacts(facts))).toEqual(facts);
    expect(unpackFacts(zstdCompressSync(JSON.stringify(facts)))).toEqual(facts);
    expect(packFacts(facts).length).toBeLessThan(zstdCompressSync(JSON.stringify(facts)).length);
  });

  it('are packed with a dictionary that is never edited: stored documents could not be read any more', () => {
    expect(createHash('sha256').update(FACTS_DICTIONARY).digest('hex')).toBe(
      'af2eda5c360cc9e709fb29acbcf65f53c58969bd5e883fa7aa3796eb9e34a967',
    );
  });
});
