/**
 * Flags of the resident process. Without a compiler of its own V8 needs no memory that is both writable and executable, which the unit then forbids,
 * and a collection costs the same: its time is spent in apt. What each saves stands in bench/agent.ts.
 */
export const AGENT_NODE_FLAGS: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  '--jitless',
  '--expose-gc',
  '--max-semi-space-size=1',
  '--max-old-space-size=96',
  '--optimize-for-size',
  '--v8-pool-size=0',
];

export interface InstallerFacts {
  /** Where the host reaches the server, no slash at the end. */
  readonly baseUrl: string;
  readonly agentSha256: string;
  /** Of the compressed runtime, by the machine name that `uname -m` prints. */
  readonly runtimes: readonly { readonly machine: string; readonly file: string; readonly sha256: string }[];
}

/** The one line that a person runs on the host. The token goes in as an argument of the script: it is used up within seconds. */
export function enrolCommand(baseUrl: string, token: string): string {
  return `curl -fsS ${baseUrl}/agent/install.sh | sudo sh -s -- ${token}`;
}

/**
 * ProtectKernelTunables and ProtectControlGroups are left out: both mount /proc/sys anew, and in a container (nspawn, LXC) the boot id read there is
 * then the machine's and does not change with the container's reboot (tried on systemd 252).
 */
const UNIT = `[Unit]
Description=Fettle agent: inventory and signed patch plans
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=/opt/fettle-agent/node FLAGS /opt/fettle-agent/fettle-agent.mjs run
Restart=always
RestartSec=5
TimeoutStopSec=20
# Transactions run in units of their own and outlive this one.
KillMode=control-group
Environment=UV_THREADPOOL_SIZE=1 NODE_ENV=production
StateDirectory=fettle-agent
StateDirectoryMode=0700
UMask=0077
NoNewPrivileges=yes
ProtectSystem=full
ProtectHome=yes
PrivateTmp=yes
ProtectKernelModules=yes
RestrictRealtime=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
OOMScoreAdjust=-200

[Install]
WantedBy=multi-user.target`;

/**
 * POSIX sh, for a pipe from curl or wget. Everything is downloaded and checked before anything is put in place, the files are replaced by rename,
 * and a second run changes nothing that is right already. The whole is one function, so that a transfer that breaks off runs nothing.
 */
export function installScript(facts: InstallerFacts): string {
  const cases = facts.runtimes.map(r => `    ${r.machine}) runtime=${r.file} runtime_sum=${r.sha256} ;;`).join('\n');
  return `#!/bin/sh
# Installs the Fettle agent on this host and enrols it:   curl -fsS ${facts.baseUrl}/agent/install.sh | sudo sh -s -- TOKEN
# To remove it again:   curl -fsS ${facts.baseUrl}/agent/install.sh | sudo sh -s -- --uninstall
set -eu

SERVER=${quote(facts.baseUrl)}
AGENT_SUM=${facts.agentSha256}
DIR=/opt/fettle-agent
STATE=/var/lib/fettle-agent
UNIT=/etc/systemd/system/fettle-agent.service

say() { echo "fettle: $*" >&2; }
die() { say "$*"; exit 1; }

fetch() { # URL FILE
  if command -v curl >/dev/null 2>&1; then curl -fsS --retry 3 --connect-timeout 15 -o "$2" "$1"
  elif command -v wget >/dev/null 2>&1; then wget -q -T 30 -t 3 -O "$2" "$1"
  else die "neither curl nor wget is installed: install one of them (apt-get install curl) and run this again"; fi
}

checked() { # NAME FILE SUM
  fetch "$SERVER/agent/$1" "$2" || die "could not fetch $SERVER/agent/$1: check that this host reaches the server"
  echo "$3  $2" | sha256sum -c - >/dev/null 2>&1 || die "$1 is not what this script was made for: fetch the script again"
}

uninstall() {
  systemctl disable --now fettle-agent.service >/dev/null 2>&1 || true
  rm -f "$UNIT"; rm -rf "$DIR" "$STATE" /var/cache/fettle
  systemctl daemon-reload || true
  say "removed. Remove the host in the console too, so that its identity is refused."
}

main() {
  [ "$(id -u)" = 0 ] || die "this must run as root: ... | sudo sh -s -- TOKEN"
  [ -d /run/systemd/system ] || die "this host does not run systemd. Use the SSH reach instead (console: Settings, Enrolment)."
  if [ "\${1:-}" = --uninstall ]; then uninstall; return; fi
  command -v dpkg-query >/dev/null 2>&1 || die "this host has no dpkg: the agent manages Debian and its family"
  case $(uname -m) in
${cases}
    *) die "there is no runtime for $(uname -m): use the SSH reach instead" ;;
  esac
  work=$(mktemp -d /var/tmp/fettle-install.XXXXXXXX); trap 'rm -rf "$work"' EXIT
  mkdir -p "$DIR"
  if [ "$(cat "$DIR/runtime.sha256" 2>/dev/null)" != "$runtime_sum" ] || [ ! -x "$DIR/node" ]; then
    say "fetching the runtime"
    checked "$runtime" "$work/node.gz" "$runtime_sum"
    gzip -dc "$work/node.gz" > "$DIR/node.new" || die "no room for the runtime in $DIR (130 MB)"
    chmod 755 "$DIR/node.new"; mv -f "$DIR/node.new" "$DIR/node"
    echo "$runtime_sum" > "$DIR/runtime.sha256"
  fi
  checked fettle-agent.mjs "$work/fettle-agent.mjs" "$AGENT_SUM"
  mv -f "$work/fettle-agent.mjs" "$DIR/fettle-agent.mjs.new"; mv -f "$DIR/fettle-agent.mjs.new" "$DIR/fettle-agent.mjs"
  chmod 644 "$DIR/fettle-agent.mjs"
  "$DIR/node" "$DIR/fettle-agent.mjs" version >/dev/null || die "the runtime does not start on this host (glibc 2.28 or later is needed)"

  if [ -n "\${1:-}" ]; then "$DIR/node" "$DIR/fettle-agent.mjs" enrol --server "$SERVER" --token "$1" || exit 1
  else [ -s "$STATE/identity.json" ] || die "a token is needed: sh -s -- TOKEN (console: Settings, Enrolment)"; fi

  cat > "$UNIT.new" <<'UNIT_FILE'
${UNIT.replace('FLAGS', AGENT_NODE_FLAGS.join(' '))}
UNIT_FILE
  mv -f "$UNIT.new" "$UNIT"
  systemctl daemon-reload
  systemctl enable -q fettle-agent.service
  systemctl restart fettle-agent.service
  say "the agent runs (systemctl status fettle-agent). To remove it: curl -fsS $SERVER/agent/install.sh | sudo sh -s -- --uninstall"
}

main "$@"
`;
}

/** For a server that cannot hand out an agent now: the person at the host reads why. */
export function refusalScript(reason: string): string {
  return `#!/bin/sh\necho ${quote(`fettle: ${reason}`)} >&2\nexit 1\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
