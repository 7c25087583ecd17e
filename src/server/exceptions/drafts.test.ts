import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExceptionDetailView } from '../../api/exceptions.ts';
import { fixedClaim } from '../fleet/test-fleet.ts';
import { candidateRecord, hostFactsOf, packageRecord } from '../inventory/test-inventory.ts';
import { ExceptionBench } from './test-exceptions.ts';

let bench: ExceptionBench;
beforeAll(async () => {
  bench = await ExceptionBench.start();
  await bench.fleet.loadClaims('debian', [fixedClaim('CVE-2026-1', 'nginx', '1.22.1-10'), fixedClaim('CVE-2026-2', 'nginx', '1.22.1-10')]);
  for (const name of ['web1', 'web2']) {
    const id = await bench.fleet.addHost(name);
    await bench.fleet.report(id, hostFactsOf(name), [packageRecord('nginx', '1.22.1-9')], [candidateRecord('nginx', '1.22.1-10')]);
  }
  // Of three days or none a scope would live for two weeks only.
  await bench.fleet.database.db.query("update host set exposure = 'local', criticality = 'normal'");
});
afterAll(() => bench.close());

const refused = (code: string, text: string) => expect.objectContaining({ code, message: expect.stringContaining(text) });
const verb = (one: ExceptionDetailView, name: string) => one.verbs.find(each => each.verb === name);

describe('a draft', () => {
  it('is written anew by whoever wrote it, as often as they like, and then asked for', async () => {
    const draft = await bench.ask({ vulnerabilityIds: ['CVE-2026-1'], query: 'name = web1', draft: true, endsAt: bench.inDays(10) });
    expect(draft).toMatchObject({ state: 'draft', about: 'CVE-2026-1 in nginx on web1' });
    expect(verb(draft, 'edit')).toEqual({ verb: 'edit', enabled: true, disabledReason: null });
    expect(verb(await bench.get(draft.id, bench.grace), 'edit')?.disabledReason).toBe('only whoever wrote it edits it');
    await expect(bench.edit(draft.id, { title: 'Mine now' }, bench.grace)).rejects.toEqual(
      refused('not-allowed-now', 'only whoever wrote it'),
    );

    const edited = await bench.edit(draft.id, {
      ...{ title: 'Both', vulnerabilityIds: ['CVE-2026-1', 'CVE-2026-2'], owner: 'linus', reason: 'until the move' },
      ...{ endsAt: bench.inDays(12), kind: 'mitigated', controls: ['WAF rule 7'], controlsCheckedAt: bench.inDays(-1), draft: true },
    });
    expect(edited).toMatchObject({ id: draft.id, state: 'draft', title: 'Both', owner: 'linus', hosts: 2, findings: 2, openFindings: 4 });
    expect(edited).toMatchObject({ kind: 'mitigated', controls: ['WAF rule 7'], endsAt: bench.inDays(12), createdAt: draft.createdAt });
    expect(edited.scope.hash).not.toBe(draft.scope.hash);

    // What is wrong with it is said as for a new one, and nothing of it is kept.
    await expect(bench.edit(draft.id, { vulnerabilityIds: ['CVE-2026-1'], endsAt: bench.inDays(10), owner: 'nobody' })).rejects.toEqual(
      expect.objectContaining({ message: expect.stringContaining('no such person') }),
    );
    await expect(bench.edit(draft.id, { vulnerabilityIds: ['CVE-2026-1'], endsAt: bench.inDays(4000) })).rejects.toThrow(
      /lives|days|latest/i,
    );
    expect(await bench.get(draft.id)).toMatchObject({ title: 'Both', findings: 2 });

    const asked = await bench.edit(draft.id, { vulnerabilityIds: ['CVE-2026-2'], endsAt: bench.inDays(10), draft: false });
    expect(asked).toMatchObject({ state: 'requested', about: 'CVE-2026-2 in nginx on 2 hosts' });
    expect(asked.events.map(event => event.event)).toEqual(['create', 'edit', 'edit', 'submit']);
    expect(verb(asked, 'edit')?.disabledReason).toContain('only a draft is edited');
    await expect(bench.edit(draft.id, { vulnerabilityIds: ['CVE-2026-1'] })).rejects.toEqual(refused('not-allowed-now', 'only a draft'));
    const granted = await bench.act(draft.id, 'approve', bench.grace);
    expect(granted).toMatchObject({ inForce: true, hosts: 2, findings: 1 });
  });
});

describe('the figures', () => {
  it('are those of what is in force, from the first of each chain on, and name what has run out and is open', async () => {
    const before = await bench.figures();
    expect(before).toEqual({
      inForce: 1,
      byKind: [{ kind: 'risk-accepted', count: 1 }],
      medianAgeDays: 0,
      renewed: 0,
      renewedPercent: 0,
      expiredOpen: 0,
    });
    const first = (await bench.list({ show: 'in-force' })).items[0]!;
    bench.fleet.clock.advanceDays(5);
    const next = await bench.act(first.id, 'renew', bench.ada, { endsAt: bench.inDays(6) });
    await bench.act(next.id, 'approve', bench.grace);
    bench.fleet.clock.advanceDays(1);
    expect(await bench.figures()).toMatchObject({ inForce: 1, medianAgeDays: 6, renewed: 1, renewedPercent: 100, expiredOpen: 0 });
    bench.fleet.clock.advanceDays(6);
    expect(await bench.figures(), 'its time is over, whether or not anybody has noticed').toMatchObject({
      inForce: 0,
      medianAgeDays: null,
    });
    await bench.exceptions.sweepOnce();
    expect(await bench.figures()).toMatchObject({ inForce: 0, byKind: [], renewedPercent: null, expiredOpen: 1 });
    // Leave in its place: a renewal of the same chain, though asked for after the end.
    await bench.granted({ vulnerabilityIds: ['CVE-2026-2'], endsAt: bench.inDays(10) });
    expect(await bench.figures()).toMatchObject({ inForce: 1, renewed: 1, expiredOpen: 0 });
  });
});
