import { Stack, Text } from '@mantine/core';
import type { FindingView } from '../../api/findings.ts';
import { Facts } from '../kit/facts.tsx';
import { Grid } from '../kit/grid.tsx';
import { Chip, Toned } from '../kit/mark.tsx';
import { At, Due } from '../kit/time.tsx';
import { Version } from '../kit/version.tsx';
import classes from './evidence.module.css';

/** Everything that is needed to repeat the verdict by hand: who said what and when, and the comparison. Sources that disagree are all shown. */
export function EvidenceList({ evidence }: { readonly evidence: FindingView['evidence'] }) {
  return (
    <Stack gap="xs">
      {evidence.map(item => (
        <div key={item.source + item.release + item.comparison} className={classes.item}>
          <Text size="sm">
            <b>{item.source}</b> {item.statedOn && <>of {item.statedOn}</>} says <b>{item.claimState}</b> for {item.packageName} in{' '}
            {item.release}
          </Text>
          <Text size="sm" className={classes.compare}>
            {item.comparison}
          </Text>
          <Text size="xs" c="dimmed">
            Installed <Version text={item.installedVersion} />, fixed in <Version text={item.fixedVersion} />. Rule: {item.rule}
          </Text>
          {item.disagreement && (
            <Text size="sm" c="var(--tone-warn)">
              Sources disagree: {item.disagreement}
            </Text>
          )}
        </div>
      ))}
    </Stack>
  );
}

/** Ids of decision tables and of their inputs, as their publishers write them. */
const TABLE_WORD: Readonly<Record<string, string>> = {
  'bod-26-04': 'CISA BOD 26-04',
  'ssvc-deployer': 'SSVC for deployers',
  'ssvc-coordinator': 'SSVC for coordinators',
};
const INPUT_WORD: Readonly<Record<string, string>> = {
  'in-kev': 'Known to be exploited (KEV)',
  'publicly-exposed': 'Publicly exposed',
  automatable: 'Can be automated',
  'technical-impact': 'Technical impact',
  exploitation: 'Exploitation',
  'system-exposure': 'System exposure',
  'human-impact': 'Human impact',
};

/** Why this date: the table, the row, and every input with where it came from. What was assumed is marked. */
export function DecisionView({ decision }: { readonly decision: FindingView['decision'] }) {
  return (
    <Stack gap="xs">
      <Facts
        rows={{
          Due: <Due key="due" at={decision.dueAt} none="no date: fix with the next upgrade" />,
          'Decided by': `${TABLE_WORD[decision.table] ?? decision.table}, row ${decision.row}: ${decision.outcome}`,
          Clock: (
            <>
              {decision.clockStartedAt ? (
                <>
                  started <At at={decision.clockStartedAt} />
                </>
              ) : (
                'not started'
              )}
              ; {decision.clockReason}
            </>
          ),
          Triage: decision.forensic ? 'Look for signs of a break-in as well: the table asks for forensic triage.' : null,
        }}
      />
      <Grid
        label="Inputs of the decision"
        rows={decision.inputs}
        rowId={input => input.name}
        columns={[
          { key: 'name', title: 'Input', wrap: true, cell: input => INPUT_WORD[input.name] ?? input.name },
          {
            key: 'value',
            title: 'Value',
            wrap: true,
            cell: input => (
              <>
                {input.value}{' '}
                {input.assumed && (
                  <Chip tone="warn" title="No data: the cautious value stands in">
                    assumed
                  </Chip>
                )}
              </>
            ),
          },
          { key: 'source', title: 'From', wrap: true, cell: input => <Toned tone="quiet">{input.source}</Toned> },
        ]}
      />
    </Stack>
  );
}
