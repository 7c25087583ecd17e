import { afterAll, beforeAll, describe } from 'vitest';
import { approval } from './scenarios/approval.ts';
import { availability } from './scenarios/availability.ts';
import { crashes } from './scenarios/crashes.ts';
import { dpkgCrashes } from './scenarios/dpkg-crashes.ts';
import { dstNights } from './scenarios/dst-night.ts';
import { firstRun } from './scenarios/first-run.ts';
import { gates } from './scenarios/gates.ts';
import { hooks } from './scenarios/hooks.ts';
import { infrastructure } from './scenarios/infrastructure.ts';
import { memory } from './scenarios/memory.ts';
import { packages } from './scenarios/packages.ts';
import { reboots } from './scenarios/reboots.ts';
import { rehearsals } from './scenarios/rehearsal.ts';
import { World } from './world.ts';

// The whole loop on real hosts. Scenarios follow one another on one fleet; each says what it needs from the one before.
describe('the loop on real Debian hosts', () => {
  const world = new World();
  beforeAll(() => world.start());
  afterAll(() => world.server?.stop());
  firstRun(world);
  approval(world);
  rehearsals(world);
  memory(world);
  gates(world);
  packages(world);
  availability(world);
  hooks(world);
  reboots(world);
  dstNights();
  infrastructure(world);
  crashes(world);
  dpkgCrashes();
});
