import { addMs, DAY_MS, HOUR_MS } from '../core/kernel/instants.ts';
import type { Story } from './story.ts';
import { ask } from './world.ts';

/** Leave to keep findings as people ask for it: granted, held back, published as not affected, and waiting for Mei. */
export async function exceptions(story: Story): Promise<void> {
  const { items } = await ask(story.server, story.person('jonas'), 'findingList', { query: { pageSize: 200, sort: '-since' } });
  const plain = items.filter(finding => !finding.knownExploited);
  const [accepted, unaffected, waiting] = [...new Map(plain.map(finding => [finding.sourceName, finding])).values()];
  const of = (finding: (typeof items)[number]) => ({
    vulnerabilityIds: [finding.vulnerabilityId],
    sourceName: finding.sourceName,
    hostIds: [finding.hostId],
    owner: 'mei',
  });
  const until = (days: number) => addMs(story.now, days * DAY_MS);
  if (accepted !== undefined)
    await granted(story, {
      ...of(accepted),
      title: `${accepted.sourceName} on ${accepted.hostName} until the move`,
      kind: 'risk-accepted',
      reason: `The vendor of what runs on it certifies this version of ${accepted.sourceName} only. The host goes in two weeks, and only the office reaches it.`,
      endsAt: until(13),
    });
  if (unaffected !== undefined)
    await granted(story, {
      ...of(unaffected),
      title: `${unaffected.vulnerabilityId}: the parser is not used`,
      kind: 'not-affected',
      justification: 'vulnerable_code_not_in_execute_path',
      reason: `The flaw is in a parser of ${unaffected.sourceName} that nothing on the host calls; looked at with the team that runs it.`,
      endsAt: until(12),
    });
  const [patch] = (await story.patches('role = batch', 60)).filter(one => one.sourceName !== accepted?.sourceName);
  if (patch !== undefined)
    await granted(story, {
      title: `Month end: ${patch.sourceName} stays on the batch workers`,
      kind: 'operational',
      patchId: patch.id,
      query: 'role = batch',
      owner: 'mei',
      reason: 'The books are being closed; nothing that restarts the workers until then.',
      endsAt: until(9),
    });
  if (waiting !== undefined)
    await ask(story.server, story.person('ada'), 'exceptionCreate', {
      body: {
        ...of(waiting),
        title: `${waiting.sourceName} on ${waiting.hostName}: WAF rule until the release`,
        kind: 'mitigated',
        reason: 'The fix comes with the release of the application that stands on it.',
        controls: ['WAF rule 2031 drops the request that it takes'],
        controlsCheckedAt: addMs(story.now, -DAY_MS),
        endsAt: until(11),
      },
    });
}

type Request = Parameters<typeof ask<'exceptionCreate'>>[3]['body'];

/** Jonas asks in the morning, Mei decides before noon. */
async function granted(story: Story, body: Request): Promise<void> {
  const asked = await ask(story.server, story.person('jonas'), 'exceptionCreate', { body });
  story.stage.clock.advance(HOUR_MS / 4);
  await ask(story.server, story.person('mei'), 'exceptionAct', {
    params: { id: asked.id },
    body: { verb: 'approve', reason: 'Until then and not longer.', scopeHash: asked.scope.hash },
  });
}
