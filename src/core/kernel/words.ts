/** `1 host`, `3 hosts`, `0 hosts`; with `many` for what does not take an s: `counted(n, 'host was', 'hosts were')`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
