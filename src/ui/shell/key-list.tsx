/** All keys of the page, in a dialog that `?` opens and closes. */
import { useEffect, useRef } from 'react';
import { SCREEN_IDS } from '../address.ts';
import { SCREENS } from '../screen-list.ts';

const KEYS: readonly { where: string; keys: readonly (readonly [keys: string, does: string])[] }[] = [
  {
    where: 'Everywhere',
    keys: [
      [`1 – ${SCREEN_IDS.length}`, SCREEN_IDS.map((id) => SCREENS[id].label).join(', ')],
      ['space', 'pause or resume the run'],
      ['.', 'one step, then pause'],
      ['?', 'this list'],
    ],
  },
  {
    where: 'Train',
    keys: [
      ['t', 'charts as tables, and back'],
      ['p', 'pin the chart that has the focus or is pointed at, or let it go'],
      ['/', 'choose charts by a regular expression'],
      ['←  →', 'in a chart: to the step before and after, in all charts'],
      ['enter', 'in a chart: the answers of that step'],
    ],
  },
  {
    where: 'Data and Rollouts',
    keys: [
      ['j  k', 'next and previous row; so do the arrow keys inside the list'],
      ['enter', 'open the row'],
    ],
  },
  {
    where: 'Rollouts',
    keys: [
      ['[  ]', 'previous and next step'],
      ['/', 'search the answers'],
      ['a', 'answers of all steps, and back'],
      ['h', 'to the bars of what was earned; enter filters by one'],
      ['g', 'all answers of the group beside each other, and back'],
      ['c', 'play the clip of the answer that is open, or pause it'],
    ],
  },
];

export function KeyList() {
  const dialog = useRef<HTMLDialogElement>(null);
  const toggle = () => {
    if (dialog.current?.open) dialog.current.close();
    else dialog.current?.showModal();
  };
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.key !== '?' || event.ctrlKey || event.metaKey || event.altKey) return;
      if (
        event.target instanceof Element &&
        event.target.closest('textarea, input[type=text], input[type=search]')
      )
        return;
      event.preventDefault();
      toggle();
    };
    window.addEventListener('keydown', listener);
    return () => window.removeEventListener('keydown', listener);
  });
  return (
    <>
      <button
        type="button"
        className="quiet"
        aria-label="Keys and licences"
        title="Keys and licences (?)"
        data-testid="keys"
        onClick={toggle}
      >
        ?
      </button>
      <dialog ref={dialog} className="key-list" aria-labelledby="key-list-title">
        <div className="panel-head">
          <h2 id="key-list-title">Keys</h2>
          <button type="button" onClick={toggle}>
            Close
          </button>
        </div>
        {KEYS.map(({ where, keys }) => (
          <section key={where}>
            <h3>{where}</h3>
            <dl>
              {keys.map(([key, does]) => (
                <div key={key}>
                  <dt>
                    {key.split(/ {2}/).map((one) => (
                      <kbd key={one}>{one}</kbd>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <p className="muted">
          No key works while something is being typed. <a href="LICENSE">Licence</a> and{' '}
          <a href="THIRD-PARTY-NOTICES.txt">notices of what this page is made with</a>.
        </p>
      </dialog>
    </>
  );
}
