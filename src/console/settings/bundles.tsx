import { Button, Stack, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type AnswerOf, ask, useAct } from '../data/ask.ts';
import { addressOf } from '../data/client.ts';
import { useRefusal } from '../data/session.ts';
import { ActButton } from '../kit/act-button.tsx';
import { CopyLine } from '../kit/copy.tsx';
import { Grid } from '../kit/grid.tsx';
import { Answered, Section } from '../kit/page.tsx';
import { Ago } from '../kit/time.tsx';
import { sayUndo } from '../kit/toast.tsx';
import classes from './settings.module.css';
import { TrustForm } from './trust-form.tsx';

type Signer = AnswerOf<'feedSignerList'>['items'][number];

/** Feeds for a site without internet: one signed file out of here, one into there, and whose are believed. */
export function Bundles() {
  const refusal = useRefusal('feed.write');
  const key = useQuery({ ...ask('feedKey', {}), staleTime: Number.POSITIVE_INFINITY });
  const signers = useQuery(ask('feedSignerList', {}));
  const trust = useAct('feedSignerTrust', { done: answer => `${answer.name} is believed again` });
  const remove = useAct('feedSignerDelete');
  const drop = ({ id, name, publicKey }: Signer) =>
    remove.mutate(
      { params: { id } },
      { onSuccess: () => sayUndo(`Bundles of ${name} are believed no longer`, () => trust.mutate({ body: { name, publicKey } })) },
    );
  return (
    <Section
      title="Bundles for sites without internet"
      aside={
        refusal === null ? (
          <Button
            size="compact-xs"
            variant="default"
            component="a"
            href={addressOf('feedExport')}
            download
            leftSection={<IconDownload size={13} />}
          >
            Export a bundle
          </Button>
        ) : (
          <ActButton size="compact-xs" variant="default" refusal={refusal} onClick={() => {}}>
            Export a bundle
          </ActButton>
        )
      }
    >
      <Stack gap="sm" className={classes.pad}>
        <Text size="sm" c="dimmed">
          A bundle holds everything that is loaded here, signed, and is refused 30 days after it was made. The other site believes it when
          it knows this key:
        </Text>
        {key.data && <CopyLine text={key.data.publicKey} label="Copy the public key" />}
        {refusal === null && <TrustForm />}
      </Stack>
      <Answered of={signers} bones={1}>
        {({ items }) => items.length > 0 && <Signers items={items} refusal={refusal} drop={drop} />}
      </Answered>
    </Section>
  );
}

function Signers({
  items,
  refusal,
  drop,
}: {
  readonly items: readonly Signer[];
  readonly refusal: string | null;
  readonly drop: (signer: Signer) => void;
}) {
  return (
    <Grid
      label="Installations whose bundles are believed here"
      rows={items}
      rowId={signer => signer.id}
      columns={[
        { key: 'name', title: 'Believed', wrap: true, cell: signer => <b>{signer.name}</b> },
        { key: 'key', title: 'Key', from: 'sm', cell: signer => <code title={signer.publicKey}>{signer.id.slice(0, 16)}…</code> },
        { key: 'last', title: 'Last bundle made', cell: signer => <Ago at={signer.lastBundleAt} none="none yet" /> },
        {
          key: 'trusted',
          title: 'Since',
          from: 'md',
          cell: signer => (
            <>
              <Ago at={signer.trustedAt} /> by {signer.trustedBy}
            </>
          ),
        },
        {
          key: 'drop',
          title: <span className="sr-only">Believe no longer</span>,
          align: 'right',
          cell: signer => (
            <ActButton size="compact-xs" variant="default" refusal={refusal} onClick={() => drop(signer)}>
              Believe no longer
            </ActButton>
          ),
        },
      ]}
    />
  );
}
