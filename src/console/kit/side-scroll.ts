/** Brings an item of a list that scrolls sideways to its middle. scrollIntoView would move the whole page down to it as well. */
export function centreInRow(list: HTMLElement | null, item: string): void {
  const found = list?.querySelector<HTMLElement>(item);
  if (list && found) list.scrollLeft = found.offsetLeft - list.offsetLeft - (list.clientWidth - found.clientWidth) / 2;
}
