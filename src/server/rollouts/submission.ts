import { conflict, notFound } from '../runtime/problems.ts';
import { refuseUnless } from './drafts.ts';
import type { Engine } from './engine.ts';
import { resolveHosts, type UnrehearsedHost } from './host-cases.ts';
import { lockRollout } from './locks.ts';
import { moveRollout } from './moves.ts';
import type { Person } from './people.ts';
import type { RolloutRow } from './rows.ts';
import { inStep, type Step } from './step.ts';

/** Rows go in by this many at a time: parameters of one statement stay below some megabytes at 100,000 hosts. */
const BATCH = 5_000;

/** Resolves hosts and patches, and asks every host to compute its exact transaction. */
export async function submit(engine: Engine, person: Person, id: string): Promise<void> {
  const [before] = await engine.context.db.query<RolloutRow>('select * from rollout where id = $1', [id]);
  if (before === undefined) throw notFound('rollout', id);
  if (before.state !== 'draft')
    return await inStep(engine.context, async step =>
      refuseUnless(engine, step, person, await lockRollout(step.tx, id, 'update'), 'submit'),
    );
  const { hosts, closesVulnerabilities } = await resolveHosts(engine, before);
  await inStep(engine.context, async step => {
    const row = await lockRollout(step.tx, id, 'update');
    await refuseUnless(engine, step, person, row, 'submit');
    if (row.revision !== before.revision)
      throw conflict('edited-meanwhile', 'Somebody edited the rollout at this moment.', 'Read it again, then submit.');
    row.author_ids = [...new Set([...row.author_ids, person.personId])];
    await step.tx.query('update rollout set author_ids = $2, closes_vulnerabilities = $3 where id = $1', [
      id,
      row.author_ids,
      closesVulnerabilities,
    ]);
    await askForSimulations(engine, step, row, hosts);
    const asked = hosts.filter(host => host.excluded === null);
    await moveRollout(step, row, 'submit', {
      actor: person.login,
      detail: { revision: row.revision, hosts: hosts.length, asked: asked.length },
    });
    step.afterwards(() => {
      for (const host of asked) engine.wake.wake(host.hostId);
      engine.poke();
    });
  });
}

async function askForSimulations({ context }: Engine, step: Step, row: RolloutRow, hosts: readonly UnrehearsedHost[]): Promise<void> {
  await step.tx.query('delete from simulation where rollout_id = $1', [row.id]);
  for (let start = 0; start < hosts.length; start += BATCH) {
    const batch = hosts.slice(start, start + BATCH);
    const ids = batch.map(() => `sim_${context.randomHex(16)}`);
    await step.tx.query(
      `insert into simulation (id, rollout_id, revision, host_id, request, host, asked_at)
       select id, $1, $2, host_id, request::jsonb, host::jsonb, $3 from unnest($4::text[], $5::text[], $6::text[], $7::text[]) as asked (id, host_id, request, host)`,
      [
        row.id,
        row.revision,
        step.now,
        ids,
        batch.map(host => host.hostId),
        batch.map((host, index) => requestFor(ids[index]!, row, host)),
        batch.map(host => JSON.stringify(host)),
      ],
    );
  }
}

/** SimulationRequest of api/agent.ts as JSON; null where there is nothing to ask. */
function requestFor(requestId: string, row: RolloutRow, host: UnrehearsedHost): string | null {
  if (host.excluded !== null) return null;
  const changes = host.asked.map(({ name, arch, toVersion }) => ({ name, arch, version: toVersion }));
  return JSON.stringify({ requestId, changes, allowDowngrade: row.kind === 'rollback' });
}
