import { defineConfig } from 'vitest/config';

// One server, one browser, one story: the scenarios follow one another.
export default defineConfig({
  test: {
    include: ['e2e/browser/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    sequence: { shuffle: false },
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // A browser on a busy machine now and then misses a moment; what fails twice is broken.
    retry: 1,
  },
});
