/** Samples per second of the synthetic voice. */
export const VOICE_RATE = 16000;

/** First three formants in Hz of a few vowels. */
const VOWELS = [
  [730, 1090, 2440],
  [530, 1840, 2480],
  [270, 2290, 3010],
  [570, 840, 2410],
  [300, 870, 2240],
  [660, 1720, 2410],
];
const BANDWIDTHS = [80, 110, 160];

/** A speaker and a room: what varies from clip to clip and says nothing about the emotion. */
export function anySpeaker(random) {
  return {
    baseHz: random.between(105, 190),
    tract: random.between(0.9, 1.18),
    breath: random.between(0.01, 0.05),
    noiseDb: random.between(-62, -48),
    hum: random.next() < 0.3 ? random.between(50, 130) : 0,
    start: random.between(0.02, 0.14),
  };
}

/** How speech is delivered: calm (arousal -1) or excited (arousal 1). */
function anyDelivery(arousal, random) {
  if (arousal > 0) {
    return {
      pitch: random.between(1.45, 1.8),
      swing: random.between(0.18, 0.32),
      syllablesPerSecond: random.between(5.2, 6.8),
      levelDb: random.between(-15, -10),
      tilt: random.between(0.15, 0.4),
      duty: 0.72,
    };
  }
  return {
    pitch: random.between(0.78, 0.98),
    swing: random.between(0.01, 0.05),
    syllablesPerSecond: random.between(2.2, 3),
    levelDb: random.between(-30, -24),
    tilt: random.between(0.88, 0.94),
    duty: 0.86,
  };
}

/** Two-pole resonator of unit gain at 0 Hz, in place, its frequency following `hzAt(n)`. */
function resonate(samples, hzAt, bandwidth) {
  const radius = Math.exp((-Math.PI * bandwidth) / VOICE_RATE);
  let [y1, y2] = [0, 0];
  for (let n = 0; n < samples.length; n++) {
    const a = 2 * radius * Math.cos((2 * Math.PI * hzAt(n)) / VOICE_RATE);
    const b = -radius * radius;
    const y = (1 - a - b) * samples[n] + a * y1 + b * y2;
    [y2, y1] = [y1, y];
    samples[n] = y;
  }
}

/** Syllables of a clip: begin and end in seconds, vowel, accent of pitch and of loudness. */
function syllables(delivery, start, seconds, random) {
  const out = [];
  for (let t = start; t < seconds - 0.1; ) {
    const length = random.between(0.85, 1.15) / delivery.syllablesPerSecond;
    const accent = random.between(-1, 1);
    out.push({
      begin: t,
      end: t + length * delivery.duty,
      vowel: random.pick(VOWELS),
      accent,
      loud: random.between(0.7, 1),
    });
    t += length;
  }
  return out;
}

/** The value of the syllable sounding at `t`, gliding from the one before. */
function gliding(list, t, of) {
  let index = list.findIndex((s) => t < s.end);
  if (index < 0) index = list.length - 1;
  const here = of(list[index]);
  if (index === 0) return here;
  const share = Math.min(1, Math.max(0, (t - list[index - 1].end) / 0.06));
  return of(list[index - 1]) * (1 - share) + here * share;
}

function envelope(list, t) {
  const s = list.find((item) => t >= item.begin && t < item.end);
  if (!s) return 0;
  const position = (t - s.begin) / (s.end - s.begin);
  const edge = Math.min(position / 0.2, (1 - position) / 0.35, 1);
  return s.loud * 0.5 * (1 - Math.cos(Math.PI * edge));
}

/** Glottal pulses through a one-pole tilt, with breath: the source of the voice. */
function source(list, speaker, delivery, length, random) {
  const samples = new Float64Array(length);
  let phase = 0;
  let slope = 0;
  let jitter = 1;
  for (let n = 0; n < length; n++) {
    const t = n / VOICE_RATE;
    const decline = 1 - 0.06 * (t - 0.7);
    const accent = gliding(list, t, (s) => s.accent);
    const hz = speaker.baseHz * delivery.pitch * decline * (1 + delivery.swing * accent) * jitter;
    phase += hz / VOICE_RATE;
    let pulse = 0;
    if (phase >= 1) {
      phase -= 1;
      jitter = 1 + 0.008 * random.normal();
      pulse = 1;
    }
    slope = delivery.tilt * slope + (1 - delivery.tilt) * (pulse + speaker.breath * random.normal());
    samples[n] = slope * envelope(list, t);
  }
  return samples;
}

function rms(samples) {
  return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
}

/**
 * A babble of syllables by source and filter: pulses at the pitch, three formants.
 * @param arousal 1 excited, -1 calm: the only thing here that depends on the emotion
 * @returns {Float32Array} mono at {@link VOICE_RATE}
 */
export function speak(speaker, arousal, seconds, random) {
  const delivery = anyDelivery(arousal, random);
  const list = syllables(delivery, speaker.start, seconds, random);
  const samples = source(list, speaker, delivery, Math.round(seconds * VOICE_RATE), random);
  BANDWIDTHS.forEach((bandwidth, f) => {
    resonate(samples, (n) => speaker.tract * gliding(list, n / VOICE_RATE, (s) => s.vowel[f]), bandwidth);
  });
  const gain = 10 ** (delivery.levelDb / 20) / rms(samples);
  const noise = 10 ** (speaker.noiseDb / 20);
  return Float32Array.from(samples, (x, n) => {
    const hum = speaker.hum && 0.7 * noise * Math.sin((2 * Math.PI * speaker.hum * n) / VOICE_RATE);
    return Math.min(0.99, Math.max(-0.99, gain * x + noise * random.normal() + hum));
  });
}
