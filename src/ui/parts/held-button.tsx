/**
 * A button that keeps the focus it has when it can no longer be pressed. One that is switched off under the focus would
 * drop it to the top of the page, and whoever works by keyboard would begin again there (why: D-092).
 */
import { type ButtonHTMLAttributes, useState } from 'react';

interface HeldProps
  extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'type' | 'disabled' | 'aria-disabled'> {
  disabled: boolean;
}

export function HeldButton({ disabled, onClick, onFocus, onBlur, ...rest }: HeldProps) {
  const [held, setHeld] = useState(false);
  return (
    <button
      {...rest}
      type="button"
      disabled={disabled && !held}
      aria-disabled={disabled && held ? true : undefined}
      onFocus={(event) => {
        setHeld(true);
        onFocus?.(event);
      }}
      onBlur={(event) => {
        setHeld(false);
        onBlur?.(event);
      }}
      onClick={disabled ? undefined : onClick}
    />
  );
}
