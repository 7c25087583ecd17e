import type { Context, Handlers } from '../context.ts';
import { idsNamed, namesIn } from './names.ts';
import { verifyChain } from './verify.ts';

interface AuditRow {
  readonly sequence: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: Record<string, unknown>;
  readonly hash: Buffer;
}

export function auditHandlers(context: Context): Handlers<'auditList' | 'auditChain'> {
  return {
    async auditList({ query }) {
      const { page, pageSize } = query;
      const subjects = query.subject === undefined ? null : [query.subject, ...(await idsNamed(context.db, query.subject))];
      const rows = await context.db.query<AuditRow>(
        'select sequence, at, actor, action, subject, detail, hash from audit_entry where $1::text[] is null or subject = any($1) order by sequence desc limit $2 offset $3',
        [subjects, pageSize, (page - 1) * pageSize],
      );
      const [counted] = await context.db.query<{ total: number }>(
        'select count(*) as total from audit_entry where $1::text[] is null or subject = any($1)',
        [subjects],
      );
      return {
        items: rows.map(({ hash, ...row }) => ({ ...row, hash: hash.toString('hex') })),
        names: await namesIn(context.db, rows),
        total: counted?.total ?? 0,
        page,
        pageSize,
      };
    },

    auditChain: () => verifyChain(context.db),
  };
}
