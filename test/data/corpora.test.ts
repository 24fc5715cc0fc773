/** Published corpora as they lie on disks, and their broken neighbours: a name that does not fit is said, never guessed. */
import { describe, expect, it, test } from 'vitest';
import { clips, found, messages, read, reasons, withSpeakers, withSplits } from './reading.ts';

const utf16 = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Uint16Array.from([...`\uFEFF${text}`].map((sign) => sign.charCodeAt(0))).buffer);
/** Some signs in GBK, between tabs and line ends of ASCII. */
const gbk = (text: string): Uint8Array<ArrayBuffer> => {
  const signs: Readonly<Record<string, readonly number[]>> = {
    快: [0xbf, 0xec],
    乐: [0xc0, 0xd6],
    生: [0xc9, 0xfa],
    气: [0xc6, 0xf8],
    的: [0xb5, 0xc4],
    一: [0xd2, 0xbb],
    我: [0xce, 0xd2],
    在: [0xd4, 0xda],
    有: [0xd3, 0xd0],
    这: [0xd5, 0xe2],
  };
  return Uint8Array.from([...text].flatMap((sign) => signs[sign] ?? [sign.charCodeAt(0)]));
};

describe('ESD', () => {
  const FILES = clips(
    '0001/Angry/0001_000351.wav',
    '0001/Happy/0001_000701.wav',
    '0011/Angry/0011_000351.wav',
    '0011/Happy/0011_000701.wav',
  );
  const MANDARIN = '0001_000351\t我在这有一\t生气\n0001_000701\t我的快乐在这\t快乐\n';
  const ENGLISH = '0011_000351\tThe nine the eggs.\tAngry\n0011_000701\tI am sad.\tHappy\n';
  const ALL = [
    '0001/Angry/0001_000351.wav angry 0001',
    '0001/Happy/0001_000701.wav happy 0001',
    '0011/Angry/0011_000351.wav angry 0011',
    '0011/Happy/0011_000701.wav happy 0011',
  ];

  it.each<[string, Uint8Array<ArrayBuffer> | string]>([
    ['UTF-8', MANDARIN],
    ['UTF-8 with its mark', `\uFEFF${MANDARIN}`],
    ['UTF-16', utf16(MANDARIN)],
    ['GBK', gbk(MANDARIN)],
  ])('both languages, the list in %s: no half is lost', async (_, list) => {
    const data = await read({ ...FILES, '0001/0001.txt': list, '0011/0011.txt': ENGLISH });
    expect([withSpeakers(data), messages(data), data.format]).toEqual([ALL, '', 'ESD']);
    expect(data.examples[2]!.note).toBe('The nine the eggs.');
  });

  test('without lists, by the folders; without folders, by the lists; Chinese words of folders', async () => {
    expect(withSpeakers(await read(FILES))).toEqual(ALL);
    const flat = await read({
      ...clips('0001/0001_000351.wav', '0001/0001_000701.wav'),
      '0001/0001.txt': MANDARIN,
    });
    expect(withSpeakers(flat)).toEqual([
      '0001/0001_000351.wav angry 0001',
      '0001/0001_000701.wav happy 0001',
    ]);
    const chinese = await read(clips('0001/生气/0001_000351.wav', '0001/快乐/0001_000701.wav'));
    expect(withSpeakers(chinese).sort()).toEqual(
      ['0001/快乐/0001_000701.wav happy 0001', '0001/生气/0001_000351.wav angry 0001'].sort(),
    );
  });

  test('copies with splits below the emotion, a level deeper', async () => {
    const data = await read(
      clips(
        'ESD/0001/Angry/train/0001_000351.wav',
        'ESD/0001/Happy/test/0001_000701.wav',
        'ESD/0002/Sad/evaluation/0002_001051.wav',
      ),
    );
    expect(withSplits(data)).toEqual([
      'ESD/0001/Angry/train/0001_000351.wav angry train',
      'ESD/0001/Happy/test/0001_000701.wav happy test',
      'ESD/0002/Sad/evaluation/0002_001051.wav sad val',
    ]);
  });

  test('what folder and list say differently, and what nothing says, is left out by name', async () => {
    const data = await read({
      ...FILES,
      ...clips('0001/0001_000001.wav', '0001/Sad/intro.wav'),
      '0001/0001.txt': '0001_000351\tx\t快乐\n',
    });
    expect(found(data).length).toBe(3);
    expect(reasons(data).sort()).toEqual(['label contradicted', 'label missing', 'name not understood']);
    expect(messages(data)).toMatch(/The folder says Angry, the list 快乐/);
  });

  test('recordings of such names in other folders are not ESD', async () => {
    const data = await read(clips('wave/0001_000351.mp4', 'clap/0002_000351.mp4'));
    expect(found(data)).toEqual(['clap/0002_000351.mp4 clap', 'wave/0001_000351.mp4 wave']);
  });
});

describe('corpora whose names say it', () => {
  it.each<[string, string[], string[]]>([
    [
      'EmoDB',
      [
        'wav/03a01Fa.wav',
        'wav/08a02Wb.wav',
        'wav/09b01La.wav',
        'wav/10a05Ea.wav',
        'wav/11a07Ac.wav',
        'wav/12b09Td.wav',
        'wav/16b10Nd.wav',
      ],
      ['happy 03', 'angry 08', 'bored 09', 'disgust 10', 'fear 11', 'sad 12', 'neutral 16'],
    ],
    [
      'SAVEE',
      [
        'AudioData/DC/a01.wav',
        'AudioData/DC/d01.wav',
        'AudioData/JE/f02.wav',
        'AudioData/JK/h03.wav',
        'AudioData/JK/n30.wav',
        'AudioData/KL/sa01.wav',
        'AudioData/KL/su15.wav',
      ],
      ['angry DC', 'disgust DC', 'fear JE', 'happy JK', 'neutral JK', 'sad KL', 'surprise KL'],
    ],
    [
      'SAVEE',
      ['ALL/DC_a01.wav', 'ALL/DC_sa01.wav', 'ALL/KL_su03.wav'],
      ['angry DC', 'sad DC', 'surprise KL'],
    ],
    [
      'TESS',
      [
        'OAF_Fear/OAF_back_fear.wav',
        'OAF_Pleasant_surprise/OAF_back_ps.wav',
        'OAF_neutral/OA_bite_neutral.wav',
        'YAF_disgust/YAF_bar_disgust.wav',
      ],
      ['fear OAF', 'surprise OAF', 'neutral OAF', 'disgust YAF'],
    ],
    [
      'eNTERFACE',
      [
        'subject 1/anger/sentence 1/s1_an_1.mp4',
        'subject 16/surprise/sentence 3/s16_su_3avi.mp4',
        'subject 3/disgust/sentence 1/s_3_di_1.mp4',
        'subject 6/happiness/s6_ha_1.mp4',
      ],
      ['angry subject 1', 'surprise subject 16', 'disgust subject 3', 'happy subject 6'],
    ],
    [
      'EMOVO',
      [
        'EMOVO/f1/dis-f1-b1.wav',
        'EMOVO/f1/gio-f1-b1.wav',
        'EMOVO/m2/rab-m2-n3.wav',
        'EMOVO/m2/tri-m2-n3.wav',
      ],
      ['disgust f1', 'happy f1', 'angry m2', 'sad m2'],
    ],
    [
      'ShEMO',
      ['female/F01A01.wav', 'male/M02H03.wav', 'male/M02W01.wav'],
      ['angry F01', 'happy M02', 'surprise M02'],
    ],
  ])('%s', async (name, paths, said) => {
    const data = await read(clips(...paths));
    expect([data.format, messages(data)]).toEqual([name, '']);
    expect(data.examples.map(({ label, speaker }) => `${label} ${speaker}`)).toEqual(said);
    expect(data.examples.every(({ columns }) => columns === undefined)).toBe(true);
  });

  test.each<[string, string[], string[]]>([
    [
      'JL-corpus, with speakers',
      [
        'JL/female1_angry_1a_1.wav',
        'JL/female1_excited_2a_1.wav',
        'JL/male2_angry_1a_1.wav',
        'JL/male2_sad_2a_1.wav',
      ],
      ['angry female1', 'excited female1', 'angry male2', 'sad male2'],
    ],
    [
      'SUBESCO, by a place from the end',
      [
        'F_01_OISHI_S_1_ANGRY_1.wav',
        'F_01_OISHI_S_10_HAPPY_2.wav',
        'M_02_DIP_S_1_FEAR_1.wav',
        'M_02_DIP_S_2_SAD_1.wav',
      ],
      ['happy null', 'angry null', 'fear null', 'sad null'],
    ],
    [
      'in another language',
      ['a_colère_1.wav', 'a_joie_1.wav', 'b_colère_2.wav', 'b_tristesse_2.wav'],
      ['angry null', 'happy null', 'angry null', 'sad null'],
    ],
  ])('a word of emotion in the same place of every name: %s', async (_, paths, said) => {
    const data = await read(clips(...paths));
    expect(data.examples.map(({ label, speaker }) => `${label} ${speaker}`)).toEqual(said);
  });

  test('names with words in two places, or in too few, say nothing', async () => {
    const two = clips('happy_sad_1.wav', 'sad_angry_2.wav', 'angry_happy_3.wav', 'fear_sad_4.wav');
    expect((await read(two)).examples).toEqual([]);
    expect((await read(clips('happy_1.wav', 'sad_2.wav', 'x_3.wav', 'y_4.wav'))).examples).toEqual([]);
  });

  it.each<[string, string[], string, RegExp]>([
    [
      'a letter that EmoDB has not',
      ['03a01Fa.wav', '03a01Wa.wav', '03a01Xa.wav'],
      'label unknown',
      /The code X means no emotion/,
    ],
    [
      'a code that SAVEE has not',
      ['DC_a01.wav', 'DC_n01.wav', 'DC_ss01.wav'],
      'label unknown',
      /The code ss means no/,
    ],
    [
      'another name among them',
      ['DC_a01.wav', 'DC_n01.wav', 'JE_n02.wav', 'intro.wav'],
      'name not understood',
      /The name is not speaker, emotion and sentence/,
    ],
    [
      'a folder that says something else',
      ['subject 1/anger/s1_an_1.mp4', 'subject 1/fear/s1_fe_1.mp4', 'subject 1/fear/s1_ha_1.mp4'],
      'label contradicted',
      /The name says happy, the folder fear/,
    ],
    [
      'a clip in two files',
      ['AV/DC/a01.mp4', 'AudioData/DC/a01.wav', 'AV/DC/n01.mp4'],
      'file set aside',
      /The same clip as AV\/DC\/a01\.mp4/,
    ],
  ])('%s is said', async (_, paths, reason, message) => {
    const data = await read(clips(...paths));
    expect([data.examples.length, reasons(data)]).toEqual([paths.length - 1, [reason]]);
    expect(messages(data)).toMatch(message);
  });

  test("a person's own words, by code and by word", async () => {
    const data = await read({
      ...clips('wav/03a01Fa.wav', 'wav/08a02Wb.wav'),
      'labels.json': '{"W": "furious", "happy": "glad"}',
    });
    expect(data.examples.map(({ label }) => label)).toEqual(['glad', 'furious']);
  });

  test('a list of such clips comes first', async () => {
    const list = 'path,label\n03a01Fa.wav,calm\n08a02Wb.wav,loud\n';
    expect(found(await read({ ...clips('03a01Fa.wav', '08a02Wb.wav'), 'list.csv': list }))).toEqual([
      '03a01Fa.wav calm',
      '08a02Wb.wav loud',
    ]);
  });

  test('SAVEE without its speakers, and names that only look alike, are not read as these', async () => {
    expect((await read(clips('a01.wav', 'sa01.wav', 'n01.wav'))).examples).toEqual([]);
    expect((await read(clips('99a01Fa.wav', '99a01Wa.wav'))).examples).toEqual([]);
  });
});

describe('MSP-Podcast', () => {
  const HEADER = 'FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set\n';
  const line = (number: number, letter: string, speaker: string, split: string) =>
    `MSP-PODCAST_0001_000${number}.wav,${letter},2.3,3.9,3,${speaker},Male,${split}\n`;
  const FILES = clips(...Array.from({ length: 9 }, (_, i) => `Audios/MSP-PODCAST_0001_000${i + 1}.wav`));

  it.each(['labels_consensus.csv', 'Labels/labels_concensus.csv'])('%s: letters are words', async (name) => {
    const letters = ['A', 'S', 'H', 'U', 'F', 'D', 'C', 'N'];
    const splits = ['Train', 'Development', 'Validation', 'Test1', 'Test2', 'Train', 'Train', 'Train'];
    const list =
      HEADER +
      letters.map((letter, i) => line(i + 1, letter, i === 7 ? 'Unknown' : String(i), splits[i]!)).join('');
    const data = await read({ ...FILES, [name]: list });
    expect([data.format, messages(data)]).toEqual(['MSP-Podcast', '']);
    expect(data.examples.map(({ label, speaker, split }) => `${label} ${speaker} ${split}`)).toEqual([
      'angry 0 train',
      'sad 1 val',
      'happy 2 val',
      'surprise 3 test',
      'fear 4 test',
      'disgust 5 train',
      'contemptuous 6 train',
      'neutral null train',
    ]);
    expect(data.examples[0]!.columns).toMatchObject({ emoact: '2.3' });
  });

  test('O, X and withheld labels are none, another letter is said', async () => {
    const list =
      HEADER +
      line(1, 'A', '1', 'Train') +
      line(2, 'O', '1', 'Train') +
      line(3, 'X', '2', 'Train') +
      line(4, '', '2', 'Test3') +
      line(5, 'Q', '2', 'Train');
    const data = await read({ ...FILES, 'labels_consensus.csv': list });
    expect([found(data).length, reasons(data).sort()]).toEqual([
      1,
      ['label missing', 'label unknown', 'raters disagree', 'raters disagree'],
    ]);
    expect(messages(data)).toMatch(
      /1 rows have the letter O \(another emotion\)[\s\S]*the letter X \(no agreement\)/,
    );
  });

  test('as JSON by file; beside the table only that is read', async () => {
    const json = JSON.stringify({
      'MSP-PODCAST_0001_0001.wav': { EmoClass: 'H', SpkrID: 7, Split_Set: 'Train' },
    });
    const data = await read({ ...FILES, 'Labels/labels_consensus.json': json });
    expect(withSpeakers(data)).toEqual(['Audios/MSP-PODCAST_0001_0001.wav happy 7']);
    const both = await read({
      ...FILES,
      'labels_consensus.json': json,
      'labels_consensus.csv': HEADER + line(2, 'S', '1', 'Train'),
    });
    expect(found(both)).toEqual(['Audios/MSP-PODCAST_0001_0002.wav sad']);
  });

  test('damaged, it is said', async () => {
    const data = await read({ ...FILES, 'labels_consensus.json': '{"a": ' });
    expect([data.examples, reasons(data)]).toEqual([[], ['file unreadable']]);
  });
});

describe('MER', () => {
  test('2023: clips of one name in the folders of their lists; the video of a clip in two files', async () => {
    const data = await read({
      ...clips(
        'train/sample_1.mov',
        'train/sample_2.mp4',
        'audio/train/sample_2.wav',
        'test1/sample_1.mp4',
        'test3/sample_1.mp4',
      ),
      'train-label.csv': 'name,discrete,valence\nsample_1,worried,-1.5\nsample_2,neutral,0\n',
      'test1-label.csv': 'name,discrete,valence\nsample_1,happy,2\n',
      'test3-label.csv': 'name,discrete\nsample_1,sad\n',
    });
    expect([withSplits(data).sort(), messages(data)]).toEqual([
      [
        'test1/sample_1.mp4 happy test',
        'test3/sample_1.mp4 sad test',
        'train/sample_1.mov worried train',
        'train/sample_2.mp4 neutral train',
      ],
      '',
    ]);
  });

  test('2023: a clip that is missing from its folder is, whatever lies in others', async () => {
    const data = await read({
      ...clips('test1/a.mp4', 'test2/a.mp4', 'train/b.mp4'),
      'train-label.csv': 'name,discrete\na,sad\nb,happy\n,x\n',
    });
    expect([found(data), reasons(data).sort()]).toEqual([
      ['train/b.mp4 happy'],
      ['clip ambiguous', 'row malformed'],
    ]);
  });

  test.each(['check-openset.csv', 'track2_train_ovmerd.csv'])(
    'open sets are lists of words: %s',
    async (name) => {
      const list = `name,openset\na,"['excited', 'joyful']"\nb,"[""sad""]"\nc,[]\n`;
      const data = await read({ ...clips('video/a.mp4', 'video/b.mp4', 'video/c.mp4'), [name]: list });
      expect([found(data), reasons(data)]).toEqual([
        ['video/a.mp4 excited, joyful', 'video/b.mp4 sad'],
        ['row malformed'],
      ]);
    },
  );

  test('beside a list of one word a clip that is read', async () => {
    const data = await read({
      ...clips('video/a.mp4', 'video/b.mp4'),
      'label-disdim.csv': 'name,discrete\na,worried\nb,neutral\n',
      'check-openset.csv': `name,openset\na,"['excited', 'joyful']"\n`,
    });
    expect(found(data)).toEqual(['video/a.mp4 worried', 'video/b.mp4 neutral']);
  });

  test('another header is said', async () => {
    const data = await read({ ...clips('a.mp4'), 'train-label.csv': 'id,emotion\na,sad\n' });
    expect([data.examples, reasons(data)]).toEqual([[], ['file unreadable']]);
  });
});

describe('IEMOCAP', () => {
  const LIST = [
    '% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]',
    '',
    '[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]',
    'C-E2:\tNeutral;\t()',
    '[10.0100 - 11.3925]\tSes01F_impro01_M001\tang\t[2.5000, 2.5000, 2.5000]',
    '[12.0000 - 13.0000]\tSes01F_impro01_M002\txxx\t[2.5000, 2.5000, 2.5000]',
  ].join('\n');
  const lists = { 'Session1/dialog/EmoEvaluation/Ses01F_impro01.txt': LIST };
  const parts = (data: Awaited<ReturnType<typeof read>>) =>
    data.examples.map(({ media: [medium], label, speaker }) => [
      medium?.path,
      medium?.start,
      medium?.end,
      label,
      speaker,
    ]);

  it.each([
    [
      'its video',
      ['Session1/dialog/mp4/Ses01F_impro01.mp4', 'Session1/dialog/wav/Ses01F_impro01.wav'],
      'Session1/dialog/mp4/Ses01F_impro01.mp4',
    ],
    [
      'its sound, where its video is an .avi',
      ['Session1/dialog/avi/DivX/Ses01F_impro01.avi', 'Session1/dialog/wav/Ses01F_impro01.wav'],
      'Session1/dialog/wav/Ses01F_impro01.wav',
    ],
    ['its sound', ['Session1/dialog/wav/Ses01F_impro01.wav'], 'Session1/dialog/wav/Ses01F_impro01.wav'],
  ])('turns are parts of their dialogue: %s', async (_, paths, wanted) => {
    const data = await read({ ...clips(...paths), ...lists });
    expect(parts(data)).toEqual([
      [wanted, 6.2901, 8.2357, 'neutral', 'Ses01F'],
      [wanted, 10.01, 11.3925, 'angry', 'Ses01M'],
    ]);
    expect(reasons(data)).toEqual(['raters disagree']);
  });

  test('a turn with a file of its own is that', async () => {
    const own = 'Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav';
    const data = await read({ ...clips(own, 'Session1/dialog/mp4/Ses01F_impro01.mp4'), ...lists });
    expect(parts(data)[0]).toEqual([own, undefined, undefined, 'neutral', 'Ses01F']);
    expect(parts(data)[1]![1]).toBe(10.01);
  });
});

describe('RAVDESS', () => {
  const name = (modality: string, emotion: string) => `Actor_03/${modality}-01-${emotion}-01-02-01-03`;

  test('sound alone is read where there is nothing else, pictures alone likewise', async () => {
    const sound = await read(clips(`${name('03', '05')}.wav`, `${name('03', '03')}.wav`));
    expect(sound.examples.map(({ label }) => label)).toEqual(['happy', 'angry']);
    const silent = await read(clips(`${name('02', '05')}.mp4`, `${name('02', '03')}.mp4`));
    expect(silent.examples.length).toBe(2);
    const both = await read(
      clips(`${name('02', '05')}.mp4`, `${name('03', '05')}.wav`, `${name('03', '03')}.wav`),
    );
    expect([both.examples.length, messages(both)]).toEqual([2, 'Modality video only.']);
  });
});

describe('types that are not read', () => {
  it.each<[string, Parameters<typeof read>[0], number]>([
    ['CAER', clips('train/Anger/0001.avi', 'train/Happy/0001.avi', 'test/Anger/0001.avi'), 3],
    ['eNTERFACE', clips('subject 1/anger/s1_an_1.avi', 'subject 2/fear/s2_fe_1.avi'), 2],
    [
      'IEMOCAP',
      {
        ...clips('Session1/dialog/avi/DivX/Ses01F_impro01.avi'),
        'Session1/dialog/EmoEvaluation/Ses01F_impro01.txt':
          '[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5, 2.5, 2.5]\n[9 - 10]\tSes01F_impro01_F001\tang\t[2, 2, 2]\n',
      },
      2,
    ],
    ['a list', { ...clips('v/a.avi', 'v/b.AVI'), 'l.csv': 'clip,label\na,sad\nv/b.avi,happy\n' }, 2],
  ])('an .avi keeps its row and is named, with the way to convert it: %s', async (_, files, rows) => {
    const data = await read(files);
    expect([data.rows, data.examples]).toEqual([rows, []]);
    expect(data.issues).toHaveLength(rows);
    for (const { reason, message, hint } of data.issues) {
      expect([reason, message]).toEqual([
        'clip unreadable',
        expect.stringMatching(/\.avi, a type that is not/i),
      ]);
      expect(hint).toMatch(/^Convert it: ffmpeg -i ".*\.avi"/i);
    }
  });

  test('an .avi gives way to its own sound, and to the clip that was made of it', async () => {
    const names = await read(clips('AV/DC/a01.avi', 'AudioData/DC/a01.wav', 'AudioData/DC/n01.wav'));
    expect(found(names)).toEqual(['AudioData/DC/a01.wav angry', 'AudioData/DC/n01.wav neutral']);
    const list = await read({
      ...clips('old/a.avi', 'new/a.mp4', 'new/b.mp4'),
      'l.csv': 'clip,label\na,sad\nb.avi,happy\n',
    });
    expect(found(list)).toEqual(['new/a.mp4 sad', 'new/b.mp4 happy']);
  });

  test('are named in place of a missing clip', async () => {
    const data = await read({
      ...clips('v/a.flv', 'v/b.WMV', 'v/c.mp4'),
      'l.csv': 'path,label\na.flv,happy\nv/b,sad\nc,sad\nd,sad\n',
    });
    expect(found(data)).toEqual(['v/c.mp4 sad']);
    expect(data.issues.map(({ reason, message }) => [reason, message])).toEqual([
      ['clip unreadable', 'The clip v/a.flv is a .flv, a type that is not read.'],
      ['clip unreadable', 'The clip v/b.WMV is a .wmv, a type that is not read.'],
      ['clip missing', expect.stringContaining('The clip d is not')],
      [
        'clip unreadable',
        expect.stringMatching(
          /set: found 2 files of types that are not read \(\.flv, \.wmv\), for example v\/a\.flv/,
        ),
      ],
    ]);
    expect(data.issues[0]!.hint).toMatch(/^Convert it: ffmpeg -i "v\/a\.flv"/);
  });

  test('alone in folders of labels they are no empty folder', async () => {
    const data = await read(clips('happy/a.mpg', 'sad/b.mpg'));
    expect(reasons(data)).toContain('clip unreadable');
  });

  it.each(['3gp', 'mts', 'm2ts', '3g2'])('.%s is read', async (ending) => {
    const data = await read(clips(`happy/a.${ending}`, `sad/b.${ending.toUpperCase()}`));
    expect(data.examples.length).toBe(2);
  });
});
