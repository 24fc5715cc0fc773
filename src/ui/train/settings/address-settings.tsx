/** `#/train?settings=…`: what the address brings is shown, and laid over the form once that is pressed. */
import { useEffect, useMemo } from 'react';
import { fromAddress, wholeForm } from '../../../protocol/shared-settings.ts';
import { useStudio } from '../../../store/react.ts';
import type { Edits } from '../../../store/settings.ts';
import { goTo, useAsked } from '../../address.ts';
import { type Brought, BroughtSettings } from './brought-settings.tsx';

const WHOSE = 'The form that this address brings';

/** What an address brings; an error where that cannot be read. */
function read(word: string): Brought | Error {
  try {
    const { values, refused } = fromAddress(word);
    return { whose: WHOSE, values: wholeForm(values) as Edits, refused };
  } catch (error) {
    return error as Error;
  }
}

export function AddressSettings() {
  const studio = useStudio();
  const word = new URLSearchParams(useAsked()).get('settings');
  const brought = useMemo(() => (word === null ? undefined : read(word)), [word]);
  useEffect(() => {
    if (!(brought instanceof Error)) return;
    studio.report(brought, 'start');
    goTo('train');
  }, [brought, studio]);
  if (!brought || brought instanceof Error) return null;
  return <BroughtSettings key={word} brought={brought} onDone={() => goTo('train')} />;
}
