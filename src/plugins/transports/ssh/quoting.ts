const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** One argument for a POSIX shell: sshd hands the command to the user's login shell as text, so this is the only place where quoting exists. */
export function quoteArgument(argument: string): string {
  if (argument.includes('\0')) throw new TypeError('an argument cannot hold NUL');
  return PLAIN.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

export function quoteCommand(argv: readonly string[]): string {
  return argv.map(quoteArgument).join(' ');
}
