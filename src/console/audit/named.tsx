import { Link } from '@tanstack/react-router';
import type { Names } from './audit.tsx';

/** An id by its name, led to its page where it has one. Ids say what they name by their prefix (src/core/kernel/ids.ts). */
export function Named({ id, names }: { readonly id: string; readonly names: Names }) {
  const name = names[id];
  const words = name ?? (/^[a-z]+_[0-9a-f]{16,}$/.test(id) ? `${id.slice(0, id.indexOf('_') + 9)}…` : id);
  if (id.startsWith('host_') && name !== undefined)
    return (
      <Link to="/hosts/$id" params={{ id }} title={id}>
        {words}
      </Link>
    );
  if (id.startsWith('rol_') && name !== undefined)
    return (
      <Link to="/rollouts/$id" params={{ id }} title={id}>
        {words}
      </Link>
    );
  return <span title={id}>{words}</span>;
}
