import { MAX_SSH_TARGETS_PER_IMPORT } from '../kernel/limits.ts';

export interface SshAddress {
  readonly address: string;
  readonly port: number;
  readonly user: string;
}

interface AddressProblem {
  /** From 1, as editors count. */
  readonly line: number;
  readonly message: string;
}

const USER = /^[a-z_][a-z0-9_.-]{0,31}$/i;
/** RFC 1123 host names; underscores occur inside companies. */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*\.?$/i;
const IPV6 = /^(?=.*:.*:)[0-9a-f:]{2,45}(?:\.\d{1,3}){0,3}(?:%[a-z0-9]+)?$/i;

/** One `[user@]host[:port]` a line; `#` begins a comment; an IPv6 address with a port stands in brackets. All lines are judged, so that a person corrects once. */
export function parseSshAddresses(
  text: string,
  userDefault: string,
): { readonly targets: readonly SshAddress[]; readonly problems: readonly AddressProblem[] } {
  const targets: SshAddress[] = [];
  const problems: AddressProblem[] = [];
  const seen = new Map<string, number>();
  if (!USER.test(userDefault))
    problems.push({ line: 0, message: `the user name ${JSON.stringify(userDefault)} is none that OpenSSH takes` });
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    const entry = raw.replace(/(?:^|\s)#.*$/, '').trim();
    if (entry === '') continue;
    const parsed = parseEntry(entry, userDefault);
    if (typeof parsed === 'string') {
      problems.push({ line, message: parsed });
      continue;
    }
    const key = `${parsed.address.toLowerCase()}:${parsed.port}`;
    const first = seen.get(key);
    if (first !== undefined) problems.push({ line, message: `${key} stands in line ${first} already` });
    else targets.push(parsed);
    seen.set(key, first ?? line);
  }
  if (targets.length === 0 && problems.length === 0)
    problems.push({ line: 1, message: 'the list is empty; write one address a line, for example admin@web-01.example.org:22' });
  if (targets.length > MAX_SSH_TARGETS_PER_IMPORT)
    problems.push({
      line: MAX_SSH_TARGETS_PER_IMPORT + 1,
      message: `the list has more than ${MAX_SSH_TARGETS_PER_IMPORT} addresses; import it in parts`,
    });
  return { targets, problems };
}

function parseEntry(entry: string, userDefault: string): SshAddress | string {
  if (/\s|,|;/.test(entry)) return `${shown(entry)}: one address a line, written [user@]host[:port]`;
  if (/^ssh:\/\//i.test(entry)) return parseEntry(entry.slice(6).replace(/\/$/, ''), userDefault);
  const at = entry.lastIndexOf('@');
  const user = at < 0 ? userDefault : entry.slice(0, at);
  if (!USER.test(user)) return `${shown(entry)}: ${JSON.stringify(user)} is no user name`;
  const place = entry.slice(at + 1);
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(place);
  const isBareIpv6 = !bracketed && IPV6.test(place);
  const [host = '', portText] = bracketed ? [bracketed[1], bracketed[2]] : isBareIpv6 ? [place] : splitPort(place);
  const port = portText === undefined ? 22 : portOf(portText);
  if (port === null) return `${shown(entry)}: ${JSON.stringify(portText)} is no port (1 to 65535)`;
  const isAddress = bracketed || isBareIpv6 ? IPV6.test(host) : isHost(host);
  if (!isAddress) return `${shown(entry)}: ${host === '' ? 'the host is missing' : `${JSON.stringify(host)} is no host name or address`}`;
  return { address: host, port, user };
}

function splitPort(place: string): [string, string?] {
  const colon = place.lastIndexOf(':');
  return colon < 0 ? [place] : [place.slice(0, colon), place.slice(colon + 1)];
}

function portOf(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : null;
}

/** `10.0.0` and `10.0.0.256` look like host names but are addresses gone wrong. */
function isHost(host: string): boolean {
  if (/^[\d.]+$/.test(host)) return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) && host.split('.').every(octet => Number(octet) <= 255);
  return HOST_NAME.test(host);
}

function shown(entry: string): string {
  return entry.length > 60 ? `${entry.slice(0, 57)}...` : entry;
}
