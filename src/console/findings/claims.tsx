import { Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type AnswerOf, ask } from '../data/ask.ts';
import { Chip, Toned } from '../kit/mark.tsx';
import { Answered } from '../kit/page.tsx';
import { Ago } from '../kit/time.tsx';
import { Version } from '../kit/version.tsx';
import classes from './evidence.module.css';

type Group = AnswerOf<'claimList'>['items'][number];

/** Everything that any source has said of a vulnerability in one package, our own verdicts among them; what was withdrawn stays to be seen. */
export function Claims({ vulnerabilityId, packageName }: { readonly vulnerabilityId: string; readonly packageName?: string }) {
  const claims = useQuery(
    ask('claimList', { query: { vulnerability: vulnerabilityId, ...(packageName ? { package: packageName } : {}) } }),
  );
  return (
    <div>
      <Title order={2} mb={6}>
        What every source says
      </Title>
      <Answered of={claims} bones={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Text size="sm" c="dimmed">
              No loaded feed names it. That is not the same as “not vulnerable”.
            </Text>
          ) : (
            <Stack gap="sm">
              {items.map(group => (
                <ClaimGroup key={`${group.release} ${group.packageName} ${group.packageKind}`} group={group} />
              ))}
            </Stack>
          )
        }
      </Answered>
    </div>
  );
}

function ClaimGroup({ group: { packageName, release, verdict, disagreement, claims } }: { readonly group: Group }) {
  return (
    <div>
      <Text size="sm">
        <b>{packageName}</b> in {release}:{' '}
        {verdict === null ? (
          <Toned tone="quiet">nothing in force decides</Toned>
        ) : (
          <>
            {verdict.state} <Version text={verdict.fixedVersion} />, as {verdict.followed} says <Toned tone="quiet">({verdict.rule})</Toned>
          </>
        )}
      </Text>
      {disagreement && (
        <Text size="sm" c="var(--tone-warn)">
          Sources disagree: {disagreement}
        </Text>
      )}
      {claims.map(claim => (
        <div key={claim.source + claim.state + claim.firstSeenAt + (claim.fixedVersion ?? '')} className={classes.item}>
          <Text size="sm">
            <b>{claim.source}</b> {claim.statedOn && <>of {claim.statedOn}</>} says <b>{claim.state}</b>{' '}
            {claim.fixedVersion !== null && claim.fixedVersion !== '0' && (
              <>
                in <Version text={claim.fixedVersion} />
              </>
            )}{' '}
            {claim.advisoryId && <Chip>{claim.advisoryId}</Chip>} {claim.withdrawnAt && <Chip tone="quiet">withdrawn</Chip>}
          </Text>
          {claim.note && (
            <Text size="xs" c="dimmed">
              {claim.note}
            </Text>
          )}
          <Text size="xs" c="dimmed">
            First seen here <Ago at={claim.firstSeenAt} />
            {claim.onlyVersions.length > 0 && <>; only about {claim.onlyVersions.join(', ')}</>}
          </Text>
        </div>
      ))}
    </div>
  );
}
