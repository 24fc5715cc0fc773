/** The names that data sets give to columns and keys, compared without case, spaces and signs; the likelier first. */

/** What two spellings of a column's name have in common: 'File Name', 'file_name' and 'fileName'. */
export const squeezed = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

export const PATH_NAMES: readonly string[] = [
  ...['video', 'videopath', 'videofile', 'videofilename', 'videoname', 'audio', 'audiopath', 'audiofile'],
  ...[
    'audiofilename',
    'image',
    'imagepath',
    'imagefilename',
    'path',
    'filepath',
    'clip',
    'clippath',
    'clipname',
  ],
  ...['file', 'filename', 'wav', 'wavpath', 'wavfile', 'mp4', 'name'],
];
export const LABEL_NAMES: readonly string[] = [
  ...[
    'label',
    'emotion',
    'class',
    'solution',
    'answer',
    'labelname',
    'labeltext',
    'emotionlabel',
    'emotionname',
  ],
  ...['classname', 'annotation', 'discrete', 'emo', 'emoclass', 'expression', 'category', 'majoremotion'],
  ...['dominantemotion', 'primaryemotion', 'mainemotion', 'emotioncategory', 'target', 'gold', 'goldlabel'],
  ...['groundtruth', 'labels', 'emotions', 'sentiment', 'polarity', 'emovote', 'multimodalvote'],
];
/** Of these, names that stand for the label where no other column does. */
export const FAINT_LABEL_NAMES: readonly string[] = [
  ...['sentiment', 'polarity', 'emovote', 'multimodalvote', 'category', 'target', 'annotation'],
];
export const SPEAKER_NAMES: readonly string[] = [
  ...[
    'speaker',
    'speakerid',
    'spk',
    'spkid',
    'spkrid',
    'speakername',
    'actor',
    'actorid',
    'subject',
    'subjectid',
  ],
  ...['participant', 'participantid', 'person', 'personid', 'talker', 'performer', 'patientid', 'clientid'],
];
export const SPLIT_NAMES: readonly string[] = [
  ...['split', 'set', 'partition', 'subset', 'mode', 'usage', 'phase', 'splitset', 'foldsplit', 'datasplit'],
  ...[
    'datasetsplit',
    'dataset',
    'splits',
    'traintest',
    'trainvaltest',
    'datatype',
    'type',
    'fold',
    'folds',
    'part',
  ],
];
/** Of these, values that are no known split are wrong rows; others may mean something else. */
export const SURE_SPLIT_NAMES: readonly string[] = ['split'];
/** Seconds, or a clock's time, of a part of a recording. */
export const START_NAMES: readonly string[] = [
  ...['start', 'starttime', 'startsec', 'startseconds', 'starts', 'begin', 'begintime', 'onset', 'clipstart'],
  ...['segmentstart', 'timestart', 'tstart'],
];
export const END_NAMES: readonly string[] = [
  ...[
    'end',
    'endtime',
    'endsec',
    'endseconds',
    'ends',
    'stop',
    'stoptime',
    'clipend',
    'segmentend',
    'timeend',
  ],
  ...['tend'],
];
/** A column a rater: rater1, annotator_2, label_3. */
export const OF_ONE_RATER =
  /^(?:(?:label|emotion|vote|rating)?(?:rater|annotator|coder|judge|worker|evaluator|listener)|label|emotion|vote|rating)s?\d{1,2}$/;
/** Names that speak of a split, whatever they are. */
export const LIKE_A_SPLIT = /split|fold|partition|subset|^istrain|^istest|^isval|traintest/;
