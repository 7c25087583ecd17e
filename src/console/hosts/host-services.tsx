import { Stack, Text } from '@mantine/core';
import { Empty } from '../kit/empty.tsx';
import { Grid } from '../kit/grid.tsx';
import { Mark, Toned } from '../kit/mark.tsx';
import { Section } from '../kit/page.tsx';
import type { Look } from '../kit/states.ts';
import { type FactsView, factsView } from './facts-view.ts';
import type { HostDetailView } from './host.tsx';

const lookOf = (service: NonNullable<FactsView['services']>[number]): Look => ({
  label: `${service.activeState} (${service.subState})`,
  tone: service.activeState === 'failed' ? 'bad' : service.activeState === 'active' ? 'good' : 'quiet',
  shape: service.activeState === 'failed' ? 'failed' : service.activeState === 'active' ? 'done' : 'off',
});
const NOT_READ = <Empty title="Not read">The host did not let this be read; the facts say why.</Empty>;

/** What runs, what listens, and what still runs old code after a patch. */
export function HostServices({ data }: { readonly data: HostDetailView }) {
  if (data.facts === null) return <Empty title="No inventory yet">Services and sockets come with the first one.</Empty>;
  const { staleProcesses, services, sockets } = factsView(data.facts);
  const failedFirst = services?.toSorted(
    (a, b) => Number(b.activeState === 'failed') - Number(a.activeState === 'failed') || a.unit.localeCompare(b.unit),
  );
  return (
    <Stack gap="sm">
      <Section title="Processes that still run replaced files" aside="Patched on disk, open in memory">
        {staleProcesses === null ? (
          NOT_READ
        ) : staleProcesses.length === 0 ? (
          <Text size="sm" c="dimmed" px={12} pb={10}>
            None.
          </Text>
        ) : (
          <Grid
            label="Processes that still run replaced files"
            rows={staleProcesses}
            rowId={process => String(process.pid)}
            columns={[
              {
                key: 'unit',
                title: 'Unit',
                wrap: true,
                cell: process => process.unit ?? <Toned tone="warn">no unit: needs a reboot or a person</Toned>,
              },
              {
                key: 'process',
                title: 'Process',
                wrap: true,
                cell: process => (
                  <>
                    {process.command} <Toned tone="quiet">({process.pid})</Toned>
                  </>
                ),
              },
              {
                key: 'files',
                title: 'Old files',
                wrap: true,
                cell: process =>
                  process.files.map(file => (
                    <div key={file.path}>
                      <code>{file.path}</code> <Toned tone="quiet">{file.packageName}</Toned>
                    </div>
                  )),
              },
            ]}
          />
        )}
      </Section>
      <Section title="Listening sockets">
        {sockets === null ? (
          NOT_READ
        ) : (
          <Grid
            label="Listening sockets"
            rows={sockets}
            rowId={socket => `${socket.protocol} ${socket.address} ${socket.port}`}
            columns={[
              { key: 'port', title: 'Port', align: 'right', width: 70, cell: socket => socket.port },
              { key: 'protocol', title: 'Protocol', from: 'sm', cell: socket => socket.protocol },
              { key: 'address', title: 'Address', wrap: true, cell: socket => socket.address },
              { key: 'process', title: 'Process', wrap: true, cell: socket => socket.process ?? <Toned tone="quiet">not read</Toned> },
              { key: 'unit', title: 'Unit', from: 'sm', cell: socket => socket.unit ?? <Toned tone="quiet">–</Toned> },
            ]}
          />
        )}
      </Section>
      <Section title="Services">
        {failedFirst ? (
          <Grid
            label="Services"
            rows={failedFirst}
            rowId={service => service.unit}
            columns={[
              { key: 'unit', title: 'Unit', wrap: true, cell: service => service.unit },
              { key: 'state', title: 'State', cell: service => <Mark look={lookOf(service)} /> },
            ]}
          />
        ) : (
          NOT_READ
        )}
      </Section>
    </Stack>
  );
}
