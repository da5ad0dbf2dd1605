import { defineConfig } from 'vitest/config'

const jsx = { jsx: { runtime: 'automatic' as const } }

export default defineConfig({
  oxc: jsx,
  test: {
    reporters: ['default'],
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      exclude: ['src/demo/core/**', 'src/demo/{edge,shims}/**', '**/index.ts'],
      reporter: ['text-summary', 'json-summary'],
      reportOnFailure: true,
      // The core; what starts processes of its own (cli, demo) is covered by the end-to-end tests, which v8 can't see.
      thresholds: Object.fromEntries(
        ['model', 'runbook', 'run', 'journal', 'actions'].map((folder) => [
          `src/${folder}/**`,
          { lines: 90 },
        ]),
      ),
    },
    projects: [
      {
        oxc: jsx,
        test: {
          name: 'unit',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/lab/**', 'test/e2e/**', 'test/crash/**', 'test/faults/**'],
          testTimeout: 20_000,
        },
      },
      {
        oxc: jsx,
        test: {
          name: 'crash',
          include: ['test/crash/**/*.test.ts'],
          testTimeout: 120_000,
        },
      },
      {
        oxc: jsx,
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          globalSetup: ['test/lab/globalSetup.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        oxc: jsx,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/lab/**/*.test.ts'],
          globalSetup: ['test/lab/globalSetup.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
