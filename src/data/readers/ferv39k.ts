/**
 * FERV39k: frames of clips in folders 2_ClipsforFaceCrop/{scene}/{label}/{clip}/*.jpg. Its lists, lines like
 * "Action/Happy/0267 Happy", are read as any list without a header; without them the folders say the label.
 */
import { canonicalLabel, DFEW_LABELS, labelKey } from '../labels.ts';
import type { AnnotationRow } from '../types.ts';
import type { Reader } from './reader.ts';

const PLACE = /(?:^|\/)(?:\d_)?ClipsforFaceCrop\/(?<scene>[^/]+)\/(?<label>[^/]+)\/[^/]+$/i;

export const ferv39k: Reader = {
  name: 'FERV39k',
  recognises: ({ clips }) => [...clips.folders.keys()].some((path) => PLACE.test(path)),
  owns: () => false,
  read({ clips, ownLabels }) {
    const rows = [...clips.folders.keys()].flatMap((path): AnnotationRow[] => {
      const { scene, label: writtenLabel } = PLACE.exec(path)?.groups ?? {};
      if (writtenLabel === undefined) return [];
      const label = canonicalLabel(writtenLabel, DFEW_LABELS, ownLabels) ?? labelKey(writtenLabel);
      const said = { label, writtenLabel, question: null, answer: label, speaker: null, split: null };
      return [{ file: path, media: [{ path }], ...said, note: `scene ${scene}` }];
    });
    return { rows, issues: [], met: rows.length };
  },
};
