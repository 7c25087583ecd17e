import { IconRocket } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { type AnswerOf, ask } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { ActButton } from '../kit/act-button.tsx';
import { Chip, Mark, Toned } from '../kit/mark.tsx';
import { Answered, Page } from '../kit/page.tsx';
import { HOST_LOOK, REACH_WORD } from '../kit/states.ts';
import { UrlTabs } from '../kit/tabs.tsx';
import { Ago } from '../kit/time.tsx';
import { count } from '../kit/words.ts';
import { Labels } from './columns.tsx';
import { HostFacts } from './host-facts.tsx';
import { HostFindings } from './host-findings.tsx';
import { HostHistory } from './host-history.tsx';
import { HostMenu } from './host-menu.tsx';
import { HostPackages } from './host-packages.tsx';
import { HostPatches } from './host-patches.tsx';
import { HostProof } from './host-proof.tsx';
import { HostServices } from './host-services.tsx';
import { RefreshHosts } from './refresh-hosts.tsx';

export type HostDetailView = AnswerOf<'hostGet'>;

export function HostPage() {
  const { id } = useParams({ from: '/signed-in/hosts/$id' });
  const detail = useQuery({ ...ask('hostGet', { params: { id } }), refetchInterval: 10_000 });
  const navigate = useNavigate();
  const refusal = useRefusal('rollout.plan');
  const host = detail.data?.host;
  return (
    <Page
      title={host?.name ?? 'Host'}
      trail={<Link to="/hosts">Hosts</Link>}
      lead={host && <Lead host={host} />}
      actions={
        host && (
          <>
            <RefreshHosts ids={[host.id]} single />
            <ActButton
              refusal={refusal ?? unpatchable(host)}
              leftSection={<IconRocket size={14} />}
              onClick={() => void navigate({ to: '/rollouts/new', search: { hosts: host.id } })}
            >
              Plan a rollout
            </ActButton>
            <HostMenu host={host} />
          </>
        )
      }
    >
      <Answered of={detail}>
        {data => (
          <UrlTabs
            label="About this host"
            tabs={[
              { id: 'facts', label: 'Facts', panel: () => <HostFacts data={data} /> },
              { id: 'findings', label: `Findings ${count(data.host.openFindings)}`, panel: () => <HostFindings id={id} /> },
              { id: 'patches', label: `Patches ${count(data.host.pendingPatches)}`, panel: () => <HostPatches id={id} /> },
              { id: 'packages', label: `Packages ${count(data.host.packages)}`, panel: () => <HostPackages id={id} /> },
              { id: 'services', label: 'Services', panel: () => <HostServices data={data} /> },
              { id: 'history', label: 'History', panel: () => <HostHistory id={id} /> },
              { id: 'proof', label: 'Proof', panel: () => <HostProof id={id} /> },
            ]}
          />
        )}
      </Answered>
    </Page>
  );
}

/** Why no rollout can change this host, or null. */
function unpatchable(host: HostDetailView['host']): string | null {
  if (host.reach === 'local') return 'This machine runs Fettle: it is only read, never changed.';
  if (host.reach === 'upload') return 'An uploaded list can be judged, not patched. Enrol the host by agent or SSH.';
  return host.pendingPatches === 0 ? 'No patch is pending on this host.' : null;
}

function Lead({ host }: { readonly host: HostDetailView['host'] }) {
  return (
    <span style={{ display: 'inline-flex', flexWrap: 'wrap', gap: '2px 10px', alignItems: 'center' }}>
      <Mark look={HOST_LOOK[host.state]} note={host.stateReason} />
      {host.stateReason && <Toned tone={HOST_LOOK[host.state].tone}>{host.stateReason}</Toned>}
      <span>{host.osName}</span>
      <span>by {REACH_WORD[host.reach]}</span>
      <span>
        seen <Ago at={host.lastSeenAt} />
      </span>
      {host.rebootPending && <Chip tone="warn">reboot pending</Chip>}
      {host.restartPending && <Chip tone="warn">restart pending</Chip>}
      <Labels labels={host.labels} />
    </span>
  );
}
