import type { RolloutDetailView } from '../../api/rollouts.ts';
import kit from '../kit/kit.module.css';
import { Glyph, Toned } from '../kit/mark.tsx';
import { ROLLOUT_LOOK } from '../kit/states.ts';
import { Ago, At, withLocalTimes } from '../kit/time.tsx';
import { sentence } from '../kit/words.ts';
import classes from './rollouts.module.css';

type Wait = RolloutDetailView['waitingOn'][number];

/** What the instant of a reason is; the reasons are a closed list (core/rollouts/waiting.ts). */
const INSTANT: Readonly<Record<string, string>> = {
  rehearsal: 'The plan is made at the latest',
  approval: 'Expires',
  'window-not-open': 'Opens',
  paused: 'Halts by itself, if nobody decides,',
  soak: 'Ends',
  freeze: 'Ends',
  'back-off': 'Next try',
};

/** Headings say who has to move: a person, the clock, or the hosts. */
const TITLE: Readonly<Partial<Record<RolloutDetailView['rollout']['state'], string>>> = {
  draft: 'Not submitted yet',
  rehearsing: 'Rehearsing',
  planned: 'Waits for somebody to ask for approval',
  'awaiting-approval': 'Waits for an approver',
  scheduled: 'Approved',
  running: 'What it waits for now',
  paused: 'Paused: a person has to decide',
  halting: 'Being halted',
};

/** The reason of the state stands above already: a wait does not say it again. */
function withoutReason(text: string, reason: string | null): string {
  return reason === null ? text : text.replace(reason, '').trim();
}

/** Why it does not move, from a closed list of reasons, and the next instant at which that can change. */
export function Why({ data }: { readonly data: RolloutDetailView }) {
  const { stateReason, state } = data.rollout;
  if (data.waitingOn.length === 0 && !stateReason) return null;
  const look = ROLLOUT_LOOK[state];
  const tone = look.tone === 'quiet' || look.tone === 'good' ? 'info' : look.tone;
  return (
    <section className={kit.note} data-tone={tone} aria-label="Why it stands here">
      <Glyph shape={look.shape} tone={tone} />
      <div className={classes.why}>
        <h2>{TITLE[state] ?? look.label}</h2>
        {stateReason && <p>{withLocalTimes(sentence(stateReason))}</p>}
        {data.waitingOn.length === 1 ? (
          data.waitingOn.map(wait => (
            <p key={wait.code}>
              <WaitWords wait={wait} reason={stateReason} />
            </p>
          ))
        ) : (
          <ul>
            {data.waitingOn.map(wait => (
              <li key={wait.code + wait.text}>
                <WaitWords wait={wait} reason={stateReason} />
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

function WaitWords({ wait, reason }: { readonly wait: Wait; readonly reason: string | null }) {
  return (
    <>
      {withLocalTimes(withoutReason(wait.text, reason))}{' '}
      {wait.changesAt && (
        <Toned tone="quiet">
          {INSTANT[wait.code] ?? 'Can change'} <Ago at={wait.changesAt} />, <At at={wait.changesAt} />.
        </Toned>
      )}
    </>
  );
}
