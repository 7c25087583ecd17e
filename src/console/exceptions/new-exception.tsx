import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import type { ExceptionDetailView } from '../../api/exceptions.ts';
import { ask, useAct } from '../data/ask.ts';
import { useRefusal, useSession } from '../data/session.ts';
import { useUrlState } from '../data/url-state.ts';
import { Answered, Page } from '../kit/page.tsx';
import { draftOf, newException } from './exception-form.ts';
import { ExceptionForm } from './exception-form-page.tsx';

export function NewExceptionPage() {
  const [url] = useUrlState();
  const { person } = useSession();
  const navigate = useNavigate();
  const create = useAct('exceptionCreate', {
    quiet: true,
    after: answer => void navigate({ to: '/exceptions/$id', params: { id: answer.id }, replace: true }),
  });
  return (
    <ExceptionForm
      title="Ask for an exception"
      trail={<Link to="/exceptions">Exceptions</Link>}
      first={() => newException(url, person.login, Date.now())}
      send={{ mutate: body => create.mutate({ body }), isPending: create.isPending, error: create.error }}
      refusal={useRefusal('exception.request')}
      leave={() => void navigate({ to: '/exceptions' })}
    />
  );
}

/** The same page over a draft; once it has been asked for there is nothing to edit. */
export function EditExceptionPage() {
  const { id } = useParams({ from: '/signed-in/exceptions/$id/edit' });
  const detail = useQuery(ask('exceptionGet', { params: { id } }));
  if (detail.data !== undefined) return <EditDraft key={id} data={detail.data} />;
  return (
    <Page title="Edit an exception" trail={<Link to="/exceptions">Exceptions</Link>}>
      <Answered of={detail}>{() => null}</Answered>
    </Page>
  );
}

function EditDraft({ data }: { readonly data: ExceptionDetailView }) {
  const navigate = useNavigate();
  const show = () => void navigate({ to: '/exceptions/$id', params: { id: data.id }, replace: true });
  const update = useAct('exceptionUpdate', { quiet: true, after: show });
  const allowed = data.verbs.find(each => each.verb === 'edit');
  return (
    <ExceptionForm
      title={`Edit: ${data.title}`}
      trail={
        <Link to="/exceptions/$id" params={{ id: data.id }}>
          {data.title}
        </Link>
      }
      first={() => draftOf(data, Date.now())}
      send={{ mutate: body => update.mutate({ params: { id: data.id }, body }), isPending: update.isPending, error: update.error }}
      refusal={allowed?.enabled ? null : `Not possible: ${allowed?.disabledReason ?? 'it is no draft'}.`}
      leave={show}
    />
  );
}
