import classes from './kit.module.css';

/** The parts of two versions after their common beginning are what a person compares. The cut falls on a boundary, so that `3.9` and `3.10` differ in a whole number. */
export function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  while (length > 0 && /[0-9a-zA-Z]/.test(a[length - 1] ?? '')) length--;
  return length;
}

export function Version({ text }: { readonly text: string | null }) {
  return <span className={classes.mono}>{text ?? 'none'}</span>;
}

/** `from → to` with what differs in bold; `short` where the first stands beside it already. */
export function VersionMove({ from, to, short }: { readonly from: string | null; readonly to: string | null; readonly short?: boolean }) {
  const cut = from !== null && to !== null ? commonLength(from, to) : 0;
  return (
    <span className={classes.mono} style={{ overflowWrap: 'anywhere' }}>
      {!short && (
        <>
          {from ?? 'not installed'} <span aria-hidden="true">→</span>
          <span className="sr-only"> to </span>{' '}
        </>
      )}
      {to === null ? (
        'removed'
      ) : (
        <>
          {to.slice(0, cut)}
          <span className={classes.moved}>{to.slice(cut)}</span>
        </>
      )}
    </span>
  );
}
