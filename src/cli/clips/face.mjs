import { Canvas, ellipse, stroke } from './canvas.mjs';

const SKINS = [
  [246, 214, 186],
  [232, 190, 156],
  [214, 164, 124],
  [190, 138, 98],
  [168, 118, 82],
];
const HAIRS = [
  [38, 28, 24],
  [92, 58, 34],
  [196, 156, 88],
  [150, 150, 156],
  [120, 44, 30],
  [60, 60, 110],
];
const MOUTHS = [
  [84, 16, 30],
  [110, 24, 36],
  [64, 12, 20],
];

/** A colour of moderate saturation. */
function anyColor(random) {
  return [random.between(60, 225), random.between(60, 225), random.between(60, 225)];
}

/** Someone, somewhere: all that varies from clip to clip and says nothing about the emotion. */
export function anyPerson(random) {
  const rx = random.between(27, 32);
  return {
    top: anyColor(random),
    bottom: anyColor(random),
    shirt: anyColor(random),
    skin: random.pick(SKINS),
    hair: random.pick(HAIRS),
    mouth: random.pick(MOUTHS),
    hairStyle: random.pick(['short', 'long', 'bald']),
    glasses: random.next() < 0.25,
    rx,
    ry: rx * random.between(1.14, 1.28),
    cx: 48 + random.between(-6, 6),
    cy: 47 + random.between(-4, 4),
    eyeWidth: random.between(4.2, 6),
    eyeHeight: random.between(3, 5.2),
    eyeGap: random.between(0.4, 0.48),
    gaze: random.between(-1.5, 1.5),
    grain: random.between(0, 4),
    strength: random.between(0.8, 1.15),
    sway: random.between(0.5, 2.5),
    swayHz: random.between(0.4, 1.2),
    swayPhase: random.between(0, 2 * Math.PI),
    chewHz: random.between(1.5, 4),
    chewPhase: random.between(0, 2 * Math.PI),
    openness: random.between(0.5, 3),
    blinkAt: random.between(0, 1.6),
  };
}

/** Mouth from corner to corner: corners above its middle when `valence` is 1, below when it is -1. */
function mouthCurve(person, cx, cy, valence, open) {
  const half = 0.56 * person.rx;
  const bend = 0.2 * person.rx * valence * person.strength;
  const y0 = cy + 0.5 * person.ry;
  return Array.from({ length: 13 }, (_, i) => {
    const u = i / 6 - 1;
    return [cx + half * u, y0 + bend * (1 - 2 * u * u) + open * (1 - u * u)];
  });
}

/** Brow of one side (-1 left, 1 right): a raised arch when pleased, low and slanting inwards when displeased. */
function browCurve(person, cx, cy, valence, side) {
  const { rx, ry, eyeGap, strength } = person;
  const eyeX = cx + side * eyeGap * rx;
  const eyeY = cy - 0.12 * ry;
  const half = 0.27 * rx;
  return Array.from({ length: 7 }, (_, i) => {
    const u = i / 3 - 1;
    const arch = eyeY - 0.36 * ry + 0.09 * ry * u * u;
    const frown = eyeY - 0.25 * ry - 0.13 * ry * strength * side * u;
    return [eyeX + half * u, valence > 0 ? arch : frown];
  });
}

function drawHair(canvas, person, cx, cy) {
  const { rx, ry, hair, hairStyle } = person;
  if (hairStyle === 'bald') return;
  canvas.fill(hair, ellipse(cx, cy - 0.14 * ry, 1.12 * rx, 1.08 * ry));
  if (hairStyle === 'long') {
    canvas.fill(
      hair,
      stroke(
        [
          [cx - 0.98 * rx, cy],
          [cx - rx, cy + 1.05 * ry],
        ],
        0.2 * rx,
      ),
    );
    canvas.fill(
      hair,
      stroke(
        [
          [cx + 0.98 * rx, cy],
          [cx + rx, cy + 1.05 * ry],
        ],
        0.2 * rx,
      ),
    );
  }
}

function drawEyes(canvas, person, cx, cy, shut) {
  const { rx, ry, eyeGap, eyeWidth, eyeHeight, gaze } = person;
  const y = cy - 0.08 * ry;
  for (const side of [-1, 1]) {
    const x = cx + side * eyeGap * rx;
    if (shut) {
      canvas.fill(
        [40, 30, 30],
        stroke(
          [
            [x - eyeWidth, y],
            [x + eyeWidth, y],
          ],
          0.8,
        ),
      );
      continue;
    }
    canvas.fill([250, 250, 250], ellipse(x, y, eyeWidth, eyeHeight));
    canvas.fill([30, 30, 40], ellipse(x + gaze, y, 2.2, Math.min(2.6, eyeHeight)));
  }
  if (!person.glasses) return;
  for (const side of [-1, 1]) {
    const ring = ellipse(cx + side * eyeGap * rx, y, eyeWidth + 2.6, eyeHeight + 3);
    canvas.fill([40, 40, 46], (px, py) => Math.abs(ring(px, py)) - 0.7);
  }
}

/**
 * One frame of a face.
 * @param person from {@link anyPerson}
 * @param valence 1 pleased, -1 displeased: the only thing here that depends on the emotion
 * @param seconds time within the clip; head and jaw move by it, at rates of the person's own
 */
export function drawFace(person, valence, seconds, size, random) {
  const canvas = new Canvas(size);
  const { rx, ry, skin } = person;
  const wave = Math.sin(2 * Math.PI * person.swayHz * seconds + person.swayPhase);
  const cx = person.cx + person.sway * wave;
  const cy = person.cy + 0.4 * person.sway * Math.cos(2 * Math.PI * person.swayHz * 1.3 * seconds);
  const open =
    person.openness * Math.max(0, Math.sin(2 * Math.PI * person.chewHz * seconds + person.chewPhase));
  canvas.gradient(person.top, person.bottom);
  canvas.fill(person.shirt, ellipse(cx, 106, 40, 26));
  canvas.fill(
    skin.map((c) => 0.85 * c),
    stroke(
      [
        [cx, cy + 0.6 * ry],
        [cx, 88],
      ],
      9,
    ),
  );
  drawHair(canvas, person, cx, cy);
  for (const side of [-1, 1])
    canvas.fill(
      skin.map((c) => 0.92 * c),
      ellipse(cx + side * rx, cy, 4, 6),
    );
  canvas.fill(skin, ellipse(cx, cy + 0.02 * ry, rx, ry));
  drawEyes(canvas, person, cx, cy, Math.abs(seconds - person.blinkAt) < 0.06);
  canvas.fill(
    skin.map((c) => 0.75 * c),
    stroke(
      [
        [cx, cy + 0.02 * ry],
        [cx - 1.5, cy + 0.22 * ry],
      ],
      1.1,
    ),
  );
  for (const side of [-1, 1]) {
    canvas.fill(
      person.hair.map((c) => 0.6 * c),
      stroke(browCurve(person, cx, cy, valence, side), 1.9),
    );
  }
  const lips = mouthCurve(person, cx, cy, valence, 0);
  const lower = mouthCurve(person, cx, cy, valence, open);
  canvas.fill(person.mouth, stroke(lips, 2.7));
  if (open > 0.3) canvas.fill(person.mouth, stroke(lower, 2.4));
  return canvas.bytes(random, person.grain);
}
