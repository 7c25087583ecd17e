/** A publisher may keep one feed in several files (DSA and DLA lists, main and community, one repository for each release): a feed has one URL or more, with spaces between them. */
export function urlsOf(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}
