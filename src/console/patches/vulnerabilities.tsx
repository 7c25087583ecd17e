import { Drawer, Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { AnswerOf } from '../data/ask.ts';
import { useUrlState } from '../data/url-state.ts';
import { Claims } from '../findings/claims.tsx';
import { DecisionView, EvidenceList } from '../findings/evidence.tsx';
import { Score } from '../findings/finding-drawer.tsx';
import { Empty } from '../kit/empty.tsx';
import { type Column, Grid } from '../kit/grid.tsx';
import { Chip, Toned } from '../kit/mark.tsx';
import { Due } from '../kit/time.tsx';
import { ListFrame } from '../kit/toolbar.tsx';
import { count } from '../kit/words.ts';

type Vulnerability = AnswerOf<'patchGet'>['vulnerabilities'][number];

function columns(show: (id: string) => void): readonly Column<Vulnerability>[] {
  return [
    {
      key: 'id',
      title: 'Vulnerability',
      cell: item => (
        <>
          <UnstyledButton className="link" aria-haspopup="dialog" onClick={() => show(item.id)}>
            {item.id}
          </UnstyledButton>{' '}
          {item.knownExploited && <Chip tone="bad">exploited</Chip>}
        </>
      ),
    },
    { key: 'due', title: 'Due', cell: item => <Due at={item.decision.dueAt} none="–" /> },
    { key: 'score', title: 'Score', from: 'sm', cell: item => <Score finding={item} /> },
    {
      key: 'hosts',
      title: 'Hosts',
      align: 'right',
      cell: item => (
        <Link to="/findings" search={{ vulnerability: item.id }}>
          {count(item.hosts)}
        </Link>
      ),
    },
    {
      key: 'title',
      title: 'Title',
      from: 'sm',
      wrap: true,
      cell: item => <Toned tone="quiet">{item.title ?? '–'}</Toned>,
    },
  ];
}

/** Exploited first, then the earliest date: what makes the patch urgent stands at the top. */
function byUrgency(a: Vulnerability, b: Vulnerability): number {
  const due = ({ decision }: Vulnerability) => decision.dueAt ?? '9999';
  return Number(b.knownExploited) - Number(a.knownExploited) || due(a).localeCompare(due(b)) || b.hosts - a.hosts;
}

/** Scores and titles come from enrichment feeds; without one, a column of dashes says nothing. */
function hasContent(key: string, vulnerabilities: readonly Vulnerability[]): boolean {
  if (key === 'title') return vulnerabilities.some(item => item.title !== null);
  if (key === 'score') return vulnerabilities.some(item => item.cvssScore !== null || item.epss !== null);
  return true;
}

export function Vulnerabilities({
  vulnerabilities,
  closes,
}: {
  readonly vulnerabilities: readonly Vulnerability[];
  readonly closes: number;
}) {
  const [url, change] = useUrlState();
  const open = vulnerabilities.find(item => item.id === url.open);
  if (vulnerabilities.length === 0)
    return (
      <Empty title="It names no vulnerability">
        Neither an advisory feed nor its changelog names one. Load an advisory feed in the settings to know more.
      </Empty>
    );
  return (
    <ListFrame>
      <Grid
        label="Vulnerabilities that this patch closes"
        columns={columns(id => change({ open: id }, { push: true })).filter(column => hasContent(column.key, vulnerabilities))}
        rows={vulnerabilities.toSorted(byUrgency)}
        rowId={item => item.id}
      />
      {closes > vulnerabilities.length && (
        <Text size="sm" c="dimmed" p="xs">
          The {count(vulnerabilities.length)} that matter most of {count(closes)}.
        </Text>
      )}
      <Drawer
        opened={open !== undefined}
        onClose={() => change({ open: undefined })}
        position="right"
        size={620}
        title={<Text fw={650}>{open?.id}</Text>}
      >
        {open && (
          <Stack gap="md">
            <Text size="sm">{open.title ?? 'No title published.'}</Text>
            <div>
              <Title order={2} mb={6}>
                Evidence
              </Title>
              <EvidenceList evidence={open.evidence} />
            </div>
            <Claims vulnerabilityId={open.id} />
            <div>
              <Title order={2} mb={6}>
                Why this due date
              </Title>
              <DecisionView decision={open.decision} />
            </div>
          </Stack>
        )}
      </Drawer>
    </ListFrame>
  );
}
