import { Button, type ButtonProps, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';

interface ActButtonProps extends ButtonProps {
  /** null when it may be pressed, else the reason that is shown. A button that cannot be pressed says why; it stays in the tab order to say it. */
  readonly refusal: string | null | undefined;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

export function ActButton({ refusal, onClick, children, ...rest }: ActButtonProps) {
  if (!refusal)
    return (
      <Button {...rest} onClick={onClick}>
        {children}
      </Button>
    );
  return (
    <Tooltip label={refusal}>
      <Button
        {...rest}
        aria-disabled="true"
        data-disabled
        variant="default"
        aria-description={refusal}
        onClick={event => event.preventDefault()}
      >
        {children}
      </Button>
    </Tooltip>
  );
}
