import { Checkbox, UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowsSort, IconArrowUp } from '@tabler/icons-react';
import { Fragment, type ReactNode, useRef } from 'react';
import classes from './grid.module.css';
import { useOverflow } from './use-overflow.ts';

export interface Column<Row> {
  readonly key: string;
  readonly title: ReactNode;
  readonly cell: (row: Row) => ReactNode;
  /** The contract's field to sort by; left out when the column cannot be sorted. */
  readonly sort?: string;
  /** The first click sorts descending: numbers and dates, where the largest is what one looks for. */
  readonly descendingFirst?: boolean;
  readonly align?: 'right';
  /** The column leaves when the table is narrower than this. */
  readonly from?: 'sm' | 'md' | 'lg' | 'xl';
  readonly width?: string | number;
  /** Wrap long text; other cells stay on one line. */
  readonly wrap?: boolean;
}

export interface Selection<Row> {
  readonly chosen: ReadonlyMap<string, Row>;
  readonly set: (chosen: ReadonlyMap<string, Row>) => void;
  readonly nameOf: (row: Row) => string;
}

interface GridProps<Row> {
  /** Names the table for those who do not see it. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowId: (row: Row) => string;
  readonly sort?: string | undefined;
  readonly onSort?: (sort: string) => void;
  readonly selection?: Selection<Row> | undefined;
  /** A second row below the first, for what does not fit a cell. */
  readonly below?: (row: Row) => ReactNode;
  /** Columns that the second row leaves free at its left, so that it stands below what it speaks of. */
  readonly belowFrom?: number;
  readonly busy?: boolean;
}

export function Grid<Row>({ label, columns, rows, rowId, sort, onSort, selection, below, belowFrom, busy }: GridProps<Row>) {
  const [frame, overflows] = useOverflow();
  return (
    <div className={classes.frame}>
      <div
        className={classes.scroll}
        ref={frame}
        data-overflows={overflows || undefined}
        {...(overflows ? { tabIndex: 0, role: 'region', 'aria-label': label } : {})}
      >
        <table className={classes.table} aria-label={label} aria-busy={busy || undefined}>
          <thead>
            <tr>
              {selection && <HeadBox rows={rows} rowId={rowId} selection={selection} />}
              {columns.map(column => (
                <HeadCell key={column.key} column={column} sort={sort} onSort={onSort} />
              ))}
            </tr>
          </thead>
          <Body columns={columns} rows={rows} rowId={rowId} selection={selection} below={below} belowFrom={belowFrom} />
        </table>
      </div>
    </div>
  );
}

function cellClass<Row>(column: Column<Row>): string {
  return [column.align === 'right' && classes.right, column.from && classes[column.from], column.wrap && classes.wrap]
    .filter(Boolean)
    .join(' ');
}

function HeadCell<Row>({
  column,
  sort,
  onSort,
}: {
  readonly column: Column<Row>;
  readonly sort: string | undefined;
  readonly onSort: ((sort: string) => void) | undefined;
}) {
  const { sort: field } = column;
  if (field === undefined || !onSort)
    return (
      <th scope="col" className={cellClass(column)} style={{ width: column.width }}>
        {column.title}
      </th>
    );
  const direction = sort === field ? 'ascending' : sort === `-${field}` ? 'descending' : undefined;
  const next = direction === undefined ? (column.descendingFirst ? `-${field}` : field) : direction === 'ascending' ? `-${field}` : field;
  const Icon = direction === 'ascending' ? IconArrowUp : direction === 'descending' ? IconArrowDown : IconArrowsSort;
  return (
    <th scope="col" className={cellClass(column)} style={{ width: column.width }} aria-sort={direction ?? 'none'}>
      <UnstyledButton className={classes.sort} data-on={direction ? true : undefined} onClick={() => onSort(next)}>
        {column.title}
        <Icon size={12} aria-hidden />
      </UnstyledButton>
    </th>
  );
}

function HeadBox<Row>({
  rows,
  rowId,
  selection,
}: {
  readonly rows: readonly Row[];
  readonly rowId: (row: Row) => string;
  readonly selection: Selection<Row>;
}) {
  const here = rows.filter(row => selection.chosen.has(rowId(row))).length;
  const all = rows.length > 0 && here === rows.length;
  const toggle = () => {
    const next = new Map(selection.chosen);
    for (const row of rows) all ? next.delete(rowId(row)) : next.set(rowId(row), row);
    selection.set(next);
  };
  return (
    <th className={classes.box}>
      <Checkbox aria-label="Select all on this page" checked={all} indeterminate={here > 0 && !all} onChange={toggle} />
    </th>
  );
}

function Body<Row>({
  columns,
  rows,
  rowId,
  selection,
  below,
  belowFrom = 0,
}: Pick<GridProps<Row>, 'columns' | 'rows' | 'rowId' | 'selection' | 'below' | 'belowFrom'>) {
  const last = useRef<number | null>(null);
  const toggle = (index: number, range: boolean) => {
    const row = rows[index];
    if (!selection || !row) return;
    const next = new Map(selection.chosen);
    const on = !next.has(rowId(row));
    const start = range && last.current !== null ? Math.min(last.current, index) : index;
    const end = range && last.current !== null ? Math.max(last.current, index) : index;
    for (const each of rows.slice(start, end + 1)) on ? next.set(rowId(each), each) : next.delete(rowId(each));
    last.current = index;
    selection.set(next);
  };
  const free = columns.slice(0, belowFrom);
  return (
    <tbody>
      {rows.map((row, index) => {
        const id = rowId(row);
        const chosen = selection?.chosen.has(id) ?? false;
        const more = below?.(row);
        return (
          <Fragment key={id}>
            <tr data-chosen={chosen || undefined} data-led={more ? true : undefined}>
              {selection && (
                <td className={classes.box}>
                  <Checkbox
                    aria-label={`Select ${selection.nameOf(row)}`}
                    checked={chosen}
                    onChange={event => toggle(index, (event.nativeEvent as unknown as MouseEvent).shiftKey)}
                  />
                </td>
              )}
              {columns.map(column => (
                <td key={column.key} className={cellClass(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
            {more && (
              <tr className={classes.below} data-chosen={chosen || undefined}>
                {selection && <td aria-hidden="true" />}
                {free.map(column => (
                  <td key={column.key} className={cellClass(column)} aria-hidden="true" />
                ))}
                <td colSpan={columns.length - free.length}>
                  <div className={classes.belowText}>{more}</div>
                </td>
              </tr>
            )}
          </Fragment>
        );
      })}
    </tbody>
  );
}

/** A second line in a cell, shown only where columns had to leave. */
export function Narrow({ children }: { readonly children: ReactNode }) {
  return <div className={classes.narrow}>{children}</div>;
}
