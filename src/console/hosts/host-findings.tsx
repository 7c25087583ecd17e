import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { FindingView } from '../../api/findings.ts';
import { ask } from '../data/ask.ts';
import { useUrlState } from '../data/url-state.ts';
import { FINDING_SORT, FindingGrid } from '../findings/finding-grid.tsx';
import { Choice, labelsOf } from '../kit/choice.tsx';
import { Empty } from '../kit/empty.tsx';
import { usePageQuery } from '../kit/paged-grid.tsx';
import { SearchBox } from '../kit/search-box.tsx';
import { DUE_WORD, FINDING_LOOK } from '../kit/states.ts';
import { ListFrame, Toolbar } from '../kit/toolbar.tsx';

export function HostFindings({ id }: { readonly id: string }) {
  const [url, change] = useUrlState();
  const paging = usePageQuery(FINDING_SORT);
  const findings = useQuery({
    ...ask('findingList', {
      query: {
        ...paging,
        host: id,
        state: url.state as FindingView['state'] | undefined,
        due: url.due as keyof typeof DUE_WORD | undefined,
      },
    }),
    placeholderData: keepPreviousData,
  });
  return (
    <ListFrame>
      <Toolbar>
        <SearchBox label="Find CVE or package" value={url.search ?? ''} onChange={search => change({ search, page: undefined })} />
        <Choice name="state" label="Any state" options={labelsOf(FINDING_LOOK)} width={170} />
        <Choice name="due" label="Any due date" options={DUE_WORD} width={150} />
      </Toolbar>
      <FindingGrid
        of={findings}
        withHost={false}
        empty={<Empty title="No finding">Nothing is known against what this host runs, as far as the loaded feeds say.</Empty>}
      />
    </ListFrame>
  );
}
