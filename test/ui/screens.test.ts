/** A screen is a folder of src/ui with an index, and a word on the list that says its place. */
import { existsSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { initialState } from '../../src/store/state.ts';
import { SCREEN_IDS } from '../../src/ui/address.ts';
import { SCREENS } from '../../src/ui/screen-list.ts';

it('every screen on the list has its folder, and every folder of a screen is on the list', () => {
  const folders = readdirSync('src/ui').filter((name) => existsSync(`src/ui/${name}/index.ts`));
  expect(folders).toEqual([...SCREEN_IDS].sort());
  const state = initialState();
  for (const id of SCREEN_IDS) {
    expect(SCREENS[id].label.toLowerCase()).toBe(id);
    expect(SCREENS[id].stop(state)).toEqual({ mark: 'open', note: '' });
  }
});
