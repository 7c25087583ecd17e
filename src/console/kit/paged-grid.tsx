import { Group, Pagination, Select, Text } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useUrlState } from '../data/url-state.ts';
import classes from './grid.module.css';
import { type Column, Grid, type Selection } from './grid.tsx';
import { Answered } from './page.tsx';
import { count } from './words.ts';

interface Paged<Row> {
  readonly items: readonly Row[];
  readonly total: number;
  readonly page: number;
  readonly pageSize: number;
}

interface PagedGridProps<Row> {
  readonly label: string;
  readonly of: UseQueryResult<Paged<Row>>;
  readonly columns: readonly Column<Row>[];
  readonly rowId: (row: Row) => string;
  readonly empty: ReactNode;
  readonly defaultSort?: string;
  readonly selection?: Selection<Row>;
  readonly below?: (row: Row) => ReactNode;
  readonly belowFrom?: number;
}

const PAGE_SIZE = 50;
/** The list part of the address, as the contract's PageQuery wants it. */
export function usePageQuery(defaultSort?: string) {
  const [url] = useUrlState();
  return { page: Number(url.page) || 1, pageSize: Number(url.size) || PAGE_SIZE, sort: url.sort ?? defaultSort, search: url.search };
}

/** A list that the server pages and sorts; page, size and sort live in the address. */
export function PagedGrid<Row>({ label, of, columns, rowId, empty, defaultSort, selection, below, belowFrom }: PagedGridProps<Row>) {
  const [url, change] = useUrlState();
  return (
    <Answered of={of} bones={8}>
      {data =>
        data.total === 0 ? (
          empty
        ) : (
          <>
            <Grid
              label={label}
              columns={columns}
              rows={data.items}
              rowId={rowId}
              sort={url.sort ?? defaultSort}
              onSort={sort => change({ sort: sort === defaultSort ? undefined : sort, page: undefined }, { push: true })}
              selection={selection}
              {...(below ? { below } : {})}
              {...(belowFrom ? { belowFrom } : {})}
              busy={of.isPlaceholderData}
            />
            <Foot
              data={data}
              onPage={page => change({ page: page === 1 ? undefined : String(page) }, { push: true })}
              onSize={size => change({ size: size === String(PAGE_SIZE) ? undefined : size, page: undefined })}
            />
          </>
        )
      }
    </Answered>
  );
}

function Foot({
  data,
  onPage,
  onSize,
}: {
  readonly data: Paged<unknown>;
  readonly onPage: (page: number) => void;
  readonly onSize: (size: string) => void;
}) {
  const pages = Math.max(1, Math.ceil(data.total / data.pageSize));
  const first = (data.page - 1) * data.pageSize + 1;
  return (
    <div className={classes.foot}>
      <Text size="sm" c="dimmed" role="status">
        {data.total > data.items.length
          ? `${count(first)}–${count(first + data.items.length - 1)} of ${count(data.total)}`
          : `${count(data.total)} in all`}
      </Text>
      {data.total > 25 && (
        <Group gap="sm">
          <Select
            aria-label="Rows on a page"
            w={106}
            data={['25', '50', '100', '200'].map(value => ({ value, label: `${value} rows` }))}
            value={String(data.pageSize)}
            allowDeselect={false}
            onChange={size => size && onSize(size)}
          />
          {pages > 1 && (
            <Pagination
              size="sm"
              total={pages}
              value={data.page}
              onChange={onPage}
              siblings={1}
              getControlProps={control => ({ 'aria-label': `${control} page` })}
              getItemProps={page => ({ 'aria-label': `Page ${page}` })}
            />
          )}
        </Group>
      )}
    </div>
  );
}
