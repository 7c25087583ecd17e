import type { Person } from '../runtime/callers.ts';
import { allowed, lookAt } from './decisions.ts';
import type { ExceptionEngine } from './engine.ts';
import { inExceptionStep, moveException } from './moves.ts';
import { askedOf, columnsOf, detailOf, type ExceptionRequest, lookAtAsked } from './requests.ts';
import { exceptionById } from './rows.ts';

/** A draft written anew by whoever wrote it; `draft: false` asks for it in the same step. Everything about it is said again, as for a new one. */
export async function edit(engine: ExceptionEngine, person: Person, id: string, body: ExceptionRequest): Promise<string> {
  const before = await lookAt(engine, await exceptionById(engine.context.db, id));
  // Who may not edit it is told so, whatever they have written; under the lock below it is asked again.
  await inExceptionStep(engine.context, async step => void (await allowed(engine, person, step, id, 'edit', before.scope, before.look)));
  const asked = askedOf(body);
  const looked = await lookAtAsked(engine, asked);
  await inExceptionStep(engine.context, async step => {
    await allowed(engine, person, step, id, 'edit', before.scope, before.look);
    const columns = await columnsOf(step, id, asked, looked);
    await step.tx.query(
      `update exception set ${Object.keys(columns)
        .map((column, at) => `${column} = $${at + 2}`)
        .join(', ')} where id = $1`,
      [id, ...Object.values(columns)],
    );
    const row = await exceptionById(step.tx, id, 'for update');
    await moveException(step, row, 'edit', { actor: person.login, reason: null, detail: detailOf(asked, columns, looked.scope) });
    if (!asked.draft) await moveException(step, row, 'submit', { actor: person.login, reason: null });
  });
  return id;
}
