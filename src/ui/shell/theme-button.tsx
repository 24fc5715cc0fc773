/** Light, dark, or as the system says; the choice is kept on this device. */
import { useEffect, useState } from 'react';

const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const SIGNS: Record<Theme, string> = { system: '◐', light: '☀', dark: '☾' };
const KEY = 'studio.theme';

function storedTheme(): Theme {
  const word = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === word) ?? 'system';
}

export function ThemeButton() {
  const [theme, setTheme] = useState(storedTheme);
  useEffect(() => {
    localStorage.setItem(KEY, theme);
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
  const label = `Colours: ${theme}. Switch to ${next}.`;
  return (
    <button type="button" className="quiet" aria-label={label} title={label} onClick={() => setTheme(next)}>
      {SIGNS[theme]}
    </button>
  );
}
