/** Tags in a row's words become the places of its media, where it has one for each. */
import { expect, test } from 'vitest';
import { chatOf, withPlaces } from '../../src/families/shared/chat.ts';

const placeOf = (kind: string): string => `[${kind}]`;

test('a tag amid the words is where its medium stands', () => {
  const words = {
    text: 'Of <image> and <video>: which?',
    turns: [{ role: 'user' as const, content: '<image>Hi' }],
  };
  const placed = withPlaces(words, ['image', 'image', 'video'], placeOf);
  expect(placed).toEqual({
    text: 'Of [image] and [video]: which?',
    turns: [{ role: 'user', content: '[image]Hi' }],
  });
  expect(chatOf(placed!, (text) => text)).toEqual({
    content: 'Of [image] and [video]: which?',
    turns: [{ role: 'user', content: '[image]Hi' }],
  });
});

test('without a tag for each the media stand in front', () => {
  expect(withPlaces({ text: 'Which?' }, ['image'], placeOf)).toBeUndefined();
  expect(withPlaces({ text: '<video> in HTML?' }, ['image'], placeOf)).toBeUndefined();
  expect(withPlaces({ text: '<image> and?' }, ['image', 'image'], placeOf)).toBeUndefined();
});
