import type { JobView } from '../../api/jobs.ts';
import { Grid } from '../kit/grid.tsx';
import { Chip, Toned } from '../kit/mark.tsx';
import { PackageName } from '../kit/package-name.tsx';
import { VersionMove } from '../kit/version.tsx';

const ACTION = { upgrade: 'quiet', install: 'info', downgrade: 'warn', remove: 'bad' } as const;

/** The exact package changes. Removals and downgrades stand out: they are what an approver looks for. */
export function Transaction({ items }: { readonly items: JobView['transaction'] }) {
  if (items.length === 0) return <Toned tone="quiet">Nothing has to be changed.</Toned>;
  return (
    <Grid
      label="Transaction"
      rows={items}
      rowId={item => `${item.name}:${item.arch}`}
      columns={[
        { key: 'action', title: 'Action', width: 90, cell: item => <Chip tone={ACTION[item.action]}>{item.action}</Chip> },
        {
          key: 'name',
          title: 'Package',
          wrap: true,
          cell: item => (
            <>
              <PackageName name={item.name} arch={item.arch} />
            </>
          ),
        },
        { key: 'move', title: 'Versions', wrap: true, cell: item => <VersionMove from={item.fromVersion} to={item.toVersion} /> },
      ]}
    />
  );
}
