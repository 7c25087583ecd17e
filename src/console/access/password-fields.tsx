import { PasswordInput, Text } from '@mantine/core';

/** The contract's lower limit; the length is what counts (no rules about kinds of characters). */
const PASSWORD_CHARS_MIN = 12;

interface PasswordFieldsProps {
  readonly password: string;
  readonly repeated: string;
  readonly onPassword: (text: string) => void;
  readonly onRepeated: (text: string) => void;
  readonly label?: string;
}

export function passwordProblem(password: string, repeated: string): string | null {
  if (password.length < PASSWORD_CHARS_MIN) return `At least ${PASSWORD_CHARS_MIN} characters.`;
  return password === repeated ? null : 'The two passwords differ.';
}

export function PasswordFields({ password, repeated, onPassword, onRepeated, label = 'Password' }: PasswordFieldsProps) {
  const left = PASSWORD_CHARS_MIN - password.length;
  return (
    <>
      <PasswordInput
        size="sm"
        label={label}
        autoComplete="new-password"
        required
        value={password}
        onChange={event => onPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
        description={
          <Text span size="xs" role="status">
            {left > 0 ? `${PASSWORD_CHARS_MIN} characters or more; a sentence is fine${password ? `. ${left} to go` : ''}` : 'Long enough'}
          </Text>
        }
      />
      <PasswordInput
        size="sm"
        label={`${label}, again`}
        autoComplete="new-password"
        required
        value={repeated}
        onChange={event => onRepeated(event.currentTarget.value)}
        error={repeated && password !== repeated && repeated.length >= password.length ? 'The two passwords differ.' : undefined}
        visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
      />
    </>
  );
}
