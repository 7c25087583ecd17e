import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { api } from './src/api/index.ts';

/**
 * The console knows the contract's routes as data (method, path, what they produce), read from `src/api` at build time.
 * So the schemas and their library stay out of the browser, and the table cannot lag behind the contract.
 */
function routeTable(): Plugin {
  const id = 'virtual:fettle-routes';
  const rows = Object.entries(api).map(([name, { method, path, access, ...rest }]) => [
    name,
    {
      method,
      path,
      access,
      produces: 'produces' in rest ? rest.produces : undefined,
      consumes: 'consumes' in rest ? rest.consumes : undefined,
    },
  ]);
  return {
    name: 'fettle-routes',
    resolveId: source => (source === id ? `\0${id}` : null),
    load: source => (source === `\0${id}` ? `export const routes = ${JSON.stringify(Object.fromEntries(rows))};` : null),
  };
}

/** Libraries change rarely and pages often: apart, a new version of Fettle leaves most of the browser's cache warm. */
const CHUNKS: readonly (readonly [string, RegExp])[] = [
  ['react', /node_modules\/(react|react-dom|scheduler)\//],
  ['mantine', /node_modules\/(@mantine|mantine-datatable|@floating-ui|clsx)\//],
  ['tanstack', /node_modules\/@tanstack\//],
];

export default defineConfig({
  root: 'src/console',
  plugins: [react(), routeTable()],
  build: {
    outDir: '../../dist/console',
    emptyOutDir: true,
    target: 'es2023',
    // Inlined assets would be data: URLs, which the content security policy does not let in.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      output: { codeSplitting: { groups: CHUNKS.map(([name, test]) => ({ name, test })) } },
    },
  },
  server: { port: 7431, proxy: { '/api': process.env.FETTLE_URL ?? 'http://127.0.0.1:7430' } },
});
