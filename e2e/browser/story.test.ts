import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { picture } from './chromium.ts';
import { accessibility } from './scenarios/accessibility.ts';
import { exceptions } from './scenarios/exceptions.ts';
import { findingWork } from './scenarios/finding-work.ts';
import { hostsByHand } from './scenarios/hosts-by-hand.ts';
import { newcomer } from './scenarios/newcomer.ts';
import { people } from './scenarios/people.ts';
import { policies } from './scenarios/policies.ts';
import { rolloutToProof } from './scenarios/rollout-to-proof.ts';
import { safety } from './scenarios/safety.ts';
import { World } from './world.ts';

// A newcomer's path from the one-time link on, in a real browser against a real server. Scenarios share one server and build on one another.
describe('the console', () => {
  const world = new World();
  beforeAll(() => world.start());
  afterAll(() => world.stop());
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await picture(world.admin.page, `failed-${task.name.replaceAll(/[^a-z0-9]+/gi, '-').slice(0, 60)}`);
  });
  newcomer(world);
  findingWork(world);
  hostsByHand(world);
  people(world);
  exceptions(world);
  policies(world);
  safety(world);
  rolloutToProof(world);
  accessibility(world);
  it('broke its content security policy nowhere, and wrote no error to the console', () => {
    expect(world.watch.faults).toEqual([]);
  });
});
