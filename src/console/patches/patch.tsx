import { IconRocket } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import type { PatchView } from '../../api/findings.ts';
import { ask } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { DecisionView } from '../findings/evidence.tsx';
import { ActButton } from '../kit/act-button.tsx';
import { Facts } from '../kit/facts.tsx';
import { Chip, Mark, Toned } from '../kit/mark.tsx';
import { Answered, Page, Section } from '../kit/page.tsx';
import { RESTART_WORD, REVERSIBLE_LOOK } from '../kit/states.ts';
import { UrlTabs } from '../kit/tabs.tsx';
import { Due } from '../kit/time.tsx';
import { VersionMove } from '../kit/version.tsx';
import { count, sentence } from '../kit/words.ts';
import { PatchHosts } from './patch-hosts.tsx';
import { Vulnerabilities } from './vulnerabilities.tsx';

/** `u9` before `u10`: near enough to the native order for a list that a person reads. */
const byNumber = new Intl.Collator('en', { numeric: true }).compare;

const BASIS = {
  advisory: 'advisories name the vulnerabilities that it closes',
  changelog: 'no advisory feed covers it; its changelog names the vulnerabilities',
  origin: 'only its origin (a security archive) says that it matters; no vulnerability is named',
} as const;

export function PatchPage() {
  const { id } = useParams({ from: '/signed-in/patches/$id' });
  const detail = useQuery({ ...ask('patchGet', { params: { id } }), refetchInterval: 60_000 });
  const patch = detail.data?.patch;
  const navigate = useNavigate();
  const refusal = useRefusal('rollout.plan');
  const mayRetract = useRefusal('rollout.operate');
  const mayExcept = useRefusal('exception.request');
  return (
    <Page
      title={patch ? `${patch.sourceName} ${patch.targetVersion}` : 'Patch'}
      trail={<Link to="/patches">Patches</Link>}
      lead={patch && sentence(patch.reason)}
      actions={
        patch && (
          <>
            <ActButton
              variant="default"
              refusal={mayRetract}
              onClick={() => void navigate({ to: '/rollouts/safety', search: { retract: patch.sourceName, version: patch.targetVersion } })}
            >
              Retract it
            </ActButton>
            <ActButton
              variant="default"
              refusal={mayExcept ?? (patch.hosts === 0 ? 'No host needs it.' : null)}
              onClick={() => void navigate({ to: '/exceptions/new', search: { patch: patch.id, kind: 'operational' } })}
            >
              Hold it back
            </ActButton>
            <ActButton
              refusal={refusal ?? (patch.hosts === 0 ? 'No host needs it.' : null)}
              leftSection={<IconRocket size={14} />}
              onClick={() => void navigate({ to: '/rollouts/new', search: { patches: patch.id } })}
            >
              Plan a rollout
            </ActButton>
          </>
        )
      }
    >
      <Answered of={detail}>
        {({ patch: shown, vulnerabilities }) => (
          <>
            <Summary patch={shown} />
            <UrlTabs
              label="About this patch"
              tabs={[
                {
                  id: 'closes',
                  label: `Closes ${count(shown.closes)}`,
                  panel: () => <Vulnerabilities vulnerabilities={vulnerabilities} closes={shown.closes} />,
                },
                {
                  id: 'hosts',
                  label: `Hosts ${count(shown.hosts)}`,
                  panel: () => <PatchHosts id={shown.id} reboots={shown.restart === 'reboot'} />,
                },
                ...(shown.decision
                  ? [
                      {
                        id: 'due',
                        label: 'Why this due date',
                        panel: () => (
                          <Section title="Decision">
                            <DecisionView decision={shown.decision!} />
                          </Section>
                        ),
                      },
                    ]
                  : []),
              ]}
            />
          </>
        )}
      </Answered>
    </Page>
  );
}

function Summary({ patch }: { readonly patch: PatchView }) {
  const away = [
    patch.hostsInRollout > 0 && `${count(patch.hostsInRollout)} already in a rollout`,
    patch.hostsHeld > 0 && `${count(patch.hostsHeld)} hold the package`,
    patch.hostsNotOffered > 0 && `${count(patch.hostsNotOffered)} ${patch.hostsNotOffered === 1 ? 'is' : 'are'} not offered it`,
  ]
    .filter(Boolean)
    .join(', ');
  return (
    <Section title="At a glance">
      <Facts
        rows={{
          Rank: (
            <>
              {patch.rank} of the queue
              {patch.knownExploited.length > 0 && (
                <>
                  {' '}
                  <Chip tone="bad">exploited: {patch.knownExploited.join(', ')}</Chip>
                </>
              )}
            </>
          ),
          Due: <Due at={patch.decision?.dueAt ?? null} none="no date" />,
          'From version': patch.fromVersions.toSorted(byNumber).map(from => (
            <div key={from}>
              <VersionMove from={from} to={patch.targetVersion} />
            </div>
          )),
          Packages: patch.packages.join(', '),
          Platform: patch.platform,
          Hosts: (
            <>
              {count(patch.hosts)} need it{away && <Toned tone="quiet"> ({away})</Toned>}
            </>
          ),
          Disruption: patch.restartReason
            ? `${sentence(RESTART_WORD[patch.restart])}: ${patch.restartReason}`
            : sentence(RESTART_WORD[patch.restart]),
          Undo: (
            <>
              <Mark look={REVERSIBLE_LOOK[patch.reversible]} /> <Toned tone="quiet">{patch.reversibleReason}</Toned>
            </>
          ),
          'Offered by': patch.origins.join(', '),
          'Known by': BASIS[patch.evidenceBasis],
        }}
      />
    </Section>
  );
}
