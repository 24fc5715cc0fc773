/** A run as one page to be read without the studio and without a network. Pure: what it tells is gathered before. */
import { counted, formatMetric, formatPercent } from '../../../math/format.ts';
import { scoreName, scoreOf } from '../../../protocol/evaluation.ts';
import type { EvalResult } from '../../../protocol/messages.ts';
import { metricOf, metricsOf } from '../../../protocol/metrics.ts';
import { chart } from './chart.ts';
import { cut, Html, html, table } from './html.ts';
import css from './report.css?raw';

export interface ReportAnswer {
  readonly text: string;
  readonly answer: string | null;
  readonly total: number;
  readonly advantage: number;
}

/** A row and what the model answered when it first came, and at the end. */
export interface ReportExample {
  readonly id: string;
  readonly label: string;
  readonly question?: string | undefined;
  /** What was shown, as an address that holds the picture. */
  readonly still?: string | undefined;
  readonly told: readonly { readonly step: number; readonly answers: readonly ReportAnswer[] }[];
}

export interface ReportFacts {
  readonly name: string;
  readonly studio: string;
  readonly model: string;
  readonly data: { readonly name: string; readonly kind: string; readonly examples: number };
  readonly stage: string;
  readonly seed: number;
  readonly device: string;
  /** When it began, in words. */
  readonly begun: string;
  readonly steps: readonly { readonly step: number; readonly metrics: Readonly<Record<string, number>> }[];
  readonly evaluations: readonly EvalResult[];
  readonly examples: readonly ReportExample[];
  readonly settings: readonly {
    readonly label: string;
    readonly value: string;
    readonly isChanged: boolean;
  }[];
  readonly card: string;
}

/** Nothing is loaded and nothing runs, whatever the texts hold. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** Ours: its quotes stay as they are. */
const STYLES = new Html(css);

export function reportPage(facts: ReportFacts): string {
  const { name, model, data, stage, seed, device, begun, steps, studio } = facts;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${name}: ${stage} of ${model}</title>
<style>
${STYLES}
</style>
</head>
<body>
<header>
<h1><bdi>${name}</bdi></h1>
<p>${stage} of <bdi>${model}</bdi> on <bdi>${data.name}</bdi> (${counted(data.examples, data.kind === 'clips' ? 'clip' : 'question')}): ${counted(steps.length, 'step')}, seed ${seed}.</p>
<p class="muted">Begun ${begun} on ${device}. Written by Omni GRPO Studio ${studio}.</p>
<nav aria-label="Parts"><ul>
<li><a href="#scores">Scores</a></li><li><a href="#charts">Charts</a></li><li><a href="#answers">Answers</a></li><li><a href="#settings">Settings</a></li><li><a href="#card">Model card</a></li>
</ul></nav>
</header>
<main>
<section id="scores"><h2>Scores</h2>${scores(facts.evaluations)}</section>
<section id="charts"><h2>Charts</h2>${charts(steps)}</section>
<section id="answers"><h2>Answers</h2>${facts.examples.length > 0 ? facts.examples.map(example) : html`<p class="muted">None were sampled.</p>`}</section>
<section id="settings"><h2>Settings</h2>${settings(facts.settings)}</section>
<section id="card"><h2>Model card</h2><pre>${cut(facts.card, 60_000)}</pre></section>
</main>
</body>
</html>
`.text;
}

function scores(evaluations: readonly EvalResult[]): Html {
  if (evaluations.length === 0)
    return html`<p class="muted">Nothing was evaluated: press Evaluate on the Evaluate screen, or set “Evaluate every”.</p>`;
  const rows = evaluations.map((result) => [
    `step ${result.step}, ${result.split}${result.mute ? ` without ${result.mute}` : ''}`,
    result.n,
    scoreName(result),
    formatPercent(scoreOf(result, 'auto')),
    intervalOf(result),
  ]);
  const head = ['weights and split', 'n', 'score', 'value', '95 % interval'];
  return html`${table({ caption: 'Held-out scores', head, rows })}${confusion(evaluations.at(-1)!)}`;
}

function intervalOf(result: EvalResult): string {
  const interval = result.scores ? result.scores.interval : result.interval;
  return interval ? `${formatPercent(interval[0])} to ${formatPercent(interval[1])}` : 'not to be estimated';
}

/** Labels up to which a table of who was taken for whom can be read. */
const MOST_LABELS = 16;

function confusion(result: EvalResult): Html | undefined {
  if (result.scores || result.confusion.labels.length > MOST_LABELS) return undefined;
  const { labels, counts, unreadable } = result.confusion;
  return table({
    caption: `Right labels (rows) and what was answered (columns), step ${result.step}`,
    head: ['', ...labels, 'unreadable'],
    rows: labels.map((label, at) => [label, ...counts[at]!, unreadable[at] ?? 0]),
  });
}

/** Charts at most: rewards may log any number of columns. */
const MOST_CHARTS = 48;

function charts(steps: ReportFacts['steps']): Html {
  const reported = new Set(steps.flatMap(({ metrics }) => Object.keys(metrics)));
  const drawn = metricsOf(reported)
    .filter(({ key }) => steps.some(({ metrics }) => Number.isFinite(metrics[key])))
    .slice(0, MOST_CHARTS);
  if (drawn.length === 0) return html`<p class="muted">No step was taken.</p>`;
  return html`<div class="charts">${drawn.map(({ key }) => {
    const { label: title, unit, help } = metricOf(key);
    const points = steps.map(({ step, metrics }) => ({ x: step, y: metrics[key] ?? Number.NaN }));
    return chart({ title, unit, help, points });
  })}</div>`;
}

function example({ id, label, question, still, told }: ReportExample): Html {
  const picture = still && html`<img src="${still}" alt="A frame of ${id}" width="160">`;
  return html`<article>${picture || undefined}<div>
<h3><bdi>${id}</bdi></h3>
${question === undefined ? undefined : html`<p><bdi>${cut(question)}</bdi></p>`}
<p>Right answer: <bdi>${cut(label)}</bdi></p>
${told.map(({ step, answers }) => html`<h4>Step ${step}</h4><ul>${answers.map((one) => answered(one, label))}</ul>`)}
</div></article>`;
}

function answered({ text, answer, total, advantage }: ReportAnswer, label: string): Html {
  const mark =
    answer === label ? html`<span class="right">✓ right</span>` : html`<span class="wrong">✗</span>`;
  return html`<li>${mark} <code><bdi>${cut(text)}</bdi></code> <span class="muted">reward ${formatMetric(total, 3)}, advantage ${formatMetric(advantage, 3)}</span></li>`;
}

function settings(rows: ReportFacts['settings']): Html {
  const changed = rows.filter(({ isChanged }) => isChanged);
  const others = rows.filter(({ isChanged }) => !isChanged);
  const list = (caption: string, of: typeof rows) =>
    table({ caption, head: ['setting', 'value'], rows: of.map(({ label, value }) => [label, cut(value)]) });
  return html`${list('Other than usual', changed)}${list('As usual', others)}`;
}
