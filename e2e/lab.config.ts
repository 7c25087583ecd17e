import { defineConfig } from 'vitest/config';

// One fleet, one server, one story: files run one after the other in the order of their names.
export default defineConfig({
  test: {
    include: ['e2e/lab/**/*.test.ts'],
    globalSetup: ['e2e/harness/lab-setup.ts'],
    pool: 'forks',
    maxWorkers: 1,
    isolate: false,
    fileParallelism: false,
    sequence: { shuffle: false },
    testTimeout: 300_000,
    hookTimeout: 600_000,
    bail: 0,
    retry: 1,
    reporters: ['verbose'],
  },
});
