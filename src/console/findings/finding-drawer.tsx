import { Drawer, Stack, Text, Title } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import type { FindingView } from '../../api/findings.ts';
import { useRefusal } from '../data/session.ts';
import { KIND_WORD } from '../exceptions/words.ts';
import { ActButton } from '../kit/act-button.tsx';
import { Facts } from '../kit/facts.tsx';
import { Chip, Mark, Toned } from '../kit/mark.tsx';
import { FINDING_LOOK } from '../kit/states.ts';
import { Ago, At } from '../kit/time.tsx';
import { Version } from '../kit/version.tsx';
import { Claims } from './claims.tsx';
import { DecisionView, EvidenceList } from './evidence.tsx';

export const findingKey = (finding: FindingView) => `${finding.hostId} ${finding.vulnerabilityId} ${finding.sourceName}`;

export function Score({ finding }: { readonly finding: { readonly cvssScore: number | null; readonly epss: number | null } }) {
  if (finding.cvssScore === null && finding.epss === null) return <Toned tone="quiet">–</Toned>;
  return (
    <>
      {finding.cvssScore !== null && <>CVSS {finding.cvssScore.toFixed(1)}</>}
      {finding.cvssScore !== null && finding.epss !== null && ', '}
      {finding.epss !== null && <>EPSS {(100 * finding.epss).toFixed(1)} %</>}
    </>
  );
}

/** Leave to keep it, beside it: until when, by whom, why. */
function Excepted({ mark }: { readonly mark: NonNullable<FindingView['exception']> }) {
  return (
    <>
      <Link to="/exceptions/$id" params={{ id: mark.id }}>
        {KIND_WORD[mark.kind]}
      </Link>{' '}
      until <At at={mark.endsAt} />, approved by {mark.approvedBy ?? 'nobody'}, owned by {mark.owner}: {mark.reason}{' '}
      <Toned tone="quiet">{mark.excuses ? 'Counted gross, left out of net numbers.' : 'A hold: counted gross and net.'}</Toned>
    </>
  );
}

function AskForException({ finding }: { readonly finding: FindingView }) {
  const mayNot = useRefusal('exception.request');
  const refusal = mayNot ?? (finding.exception?.excuses ? 'It has one already: renew that.' : null);
  const navigate = useNavigate();
  const search = { vulnerability: finding.vulnerabilityId, source: finding.sourceName, hosts: finding.hostId };
  return (
    <div>
      <ActButton variant="default" refusal={refusal} onClick={() => void navigate({ to: '/exceptions/new', search })}>
        Ask for an exception
      </ActButton>
    </div>
  );
}

/** One finding with all that supports it. */
export function FindingDrawer({ finding, close }: { readonly finding: FindingView | undefined; readonly close: () => void }) {
  return (
    <Drawer
      opened={finding !== undefined}
      onClose={close}
      position="right"
      size={620}
      title={
        finding && (
          <Text fw={650}>
            {finding.vulnerabilityId} on {finding.hostName}
          </Text>
        )
      }
    >
      {finding && (
        <Stack gap="md">
          {finding.title && <Text size="sm">{finding.title}</Text>}
          <Facts
            rows={{
              State: (
                <>
                  <Mark look={FINDING_LOOK[finding.state]} /> <Toned tone="quiet">{FINDING_LOOK[finding.state].meaning}</Toned>
                </>
              ),
              Host: (
                <Link to="/hosts/$id" params={{ id: finding.hostId }} search={{ tab: 'findings' }}>
                  {finding.hostName}
                </Link>
              ),
              Package: (
                <>
                  {finding.packages.join(', ')} (source {finding.sourceName})
                </>
              ),
              Installed: <Version text={finding.installedVersion} />,
              'Fixed in': finding.fixedVersion ? <Version text={finding.fixedVersion} /> : 'no fix is known',
              Patch: finding.patchId && (
                <Link to="/patches/$id" params={{ id: finding.patchId }}>
                  The patch that closes it
                </Link>
              ),
              Kernel: finding.kernelState,
              Exploited: finding.knownExploited && <Chip tone="bad">listed in CISA KEV</Chip>,
              Score: (
                <>
                  <Score finding={finding} />
                  {finding.cvssVector && <Toned tone="quiet"> {finding.cvssVector}</Toned>}
                </>
              ),
              'Also known as': finding.aliases.length > 0 && finding.aliases.join(', '),
              'Open since': <Ago at={finding.since} />,
              Exception: finding.exception && <Excepted mark={finding.exception} />,
            }}
          />
          <AskForException finding={finding} />
          <div>
            <Title order={2} mb={6}>
              Evidence
            </Title>
            <EvidenceList evidence={finding.evidence} />
          </div>
          <Claims vulnerabilityId={finding.vulnerabilityId} packageName={finding.sourceName} />
          <div>
            <Title order={2} mb={6}>
              Why this due date
            </Title>
            <DecisionView decision={finding.decision} />
          </div>
        </Stack>
      )}
    </Drawer>
  );
}
