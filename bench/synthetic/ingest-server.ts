import { startInventory } from '../../src/server/inventory/test-inventory.ts';

/** The server of bench/ingest.ts, in a process of its own so that its CPU time is its own: `node ingest-server.ts DATABASE_URL`. */
const [databaseUrl] = process.argv.slice(2);
if (databaseUrl === undefined || process.send === undefined) throw new Error('this is a part of bench/ingest.ts');

const bench = await startInventory({ databaseUrl });
process.on('message', async message => {
  if (message === 'stop') {
    await bench.close();
    process.disconnect?.();
    return;
  }
  if (message === 'flush') await bench.inventory.stop();
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1_000, rssMb: process.memoryUsage().rss / 2 ** 20 });
});
process.send?.({ url: bench.url });
