import { defineConfig } from 'vitest/config';

// One process, one PostgreSQL: test files share the engine that test-database.ts starts, each in a database of its own.
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tools/**/*.test.ts'],
    pool: 'forks',
    isolate: false,
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // CI machines have two noisy cores: what fails three times there is broken, what fails once at a desk is looked at.
    retry: process.env.FETTLE_CI === '1' ? 2 : 0,
  },
});
