import { createPrivateKey } from 'node:crypto';
import { openDb } from '../../db/pool.ts';
import { planKeysOf } from '../runtime/plan-keys.ts';
import { testContext } from '../runtime/test-context.ts';
import { createRollouts, LEASE_HOLDER_BYTES } from './rollouts.ts';
import { fleetOf, inventoryOf, noWake, twoPeople } from './test-ports.ts';

/** What a test tells a replica of this noun that runs in a process of its own; see replicas.test.ts. */
export interface ReplicaOrder {
  readonly url: string;
  /** PKCS 8: all replicas of an installation sign with one key. */
  readonly planKey: string;
  readonly identity: string;
}

/** Run as a program: reconciles over the named database until it is killed. Hosts speak to the test's own process. */
if (process.argv[2] !== undefined) {
  const order = JSON.parse(process.argv[2]) as ReplicaOrder;
  const db = openDb(order.url);
  const base = testContext(db);
  const context = {
    ...base,
    planKeys: planKeysOf(createPrivateKey(order.planKey)),
    randomHex: (bytes: number) => (bytes === LEASE_HOLDER_BYTES ? order.identity : base.randomHex(bytes)),
  };
  const rollouts = createRollouts(context, { fleet: fleetOf([], {}), inventory: inventoryOf([]), wake: noWake, people: twoPeople });
  rollouts.start();
  process.stdout.write('ready\n');
}
