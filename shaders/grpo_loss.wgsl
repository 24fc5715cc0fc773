// The GRPO loss family on packed completions: loss, d loss / d log-probability, d loss / d entropy, and what is logged.
// One workgroup per completion; its tokens lie in [start, start + reach), the first `length` of them count, the rest is
// padding that only luspo's array-wide mean sees, by the rules of f2cd577. With rho = exp(lp - old), A the advantage, w and
// v the completion's weights, s the share of tokens that reach the entropy threshold:
//   loss = sum of w * (keep * f * policy + beta * kl) - sum of v / s * entropy, over tokens that reach it
//   clipped: -min(min(rho, delta) A, clip(rho) A)   cispo: -stop(min(rho, cap)) A lp
//   sapo:    -A (4 / tau) sigmoid(tau (rho - 1))    vespo: -stop(phi) A lp     nll: -lp
//   kl, d = ref - lp cut to +-clamp:  k1: -d   k2: d^2 / 2   k3: exp(d) - d - 1   (times rho when bias-corrected)
// f is the token's factor: 0 below the entropy threshold, times the correction for the sampler; keep is the off-policy mask.
// On the level of sequences rho = exp(mean of lp - old) and its gradient reaches every token that counts by 1 / length.
//! include reduce
struct Uniforms {
  family: u32,                                                                 // CLIPPED, CISPO, SAPO, VESPO or NLL
  sequence: u32, kl: u32, bias_kl: u32,                                        // kl: 0 none, 1 to 3 the estimator
  entropy_mask: u32, correction: u32, truncate: u32,                           // correction: 0 none, 1 per token, 2 per sequence
}
struct Row { start: u32, length: u32, reach: u32, advantage: f32, weight: f32, entropy_weight: f32 }
struct Batch {
  rows: u32, rank: u32, rank_weight: f32, beta: f32, low: f32, high: f32, delta: f32,
  dual_clip: f32, off_policy: f32, kl_clamp: f32, tau_pos: f32, tau_neg: f32,
  k_pos: f32, lambda_pos: f32, k_neg: f32, lambda_neg: f32, correction_min: f32, correction_max: f32,
  policy_scale: f32, per_token: f32, per_row: f32,
  row: array<Row>,
}
struct Partial {
  loss: f32, kl: f32, entropy: f32, low: f32, high: f32, low_share: f32, high_share: f32, capped: f32, phi: f32,
  gap_sum: f32, gap_max: f32, correction_sum: f32, correction_min: f32, correction_max: f32, correction_log: f32,
  bonus: f32,
}
struct Result {
  loss: f32, policy_loss: f32, kl: f32, entropy: f32, low_mean: f32, low_min: f32, high_mean: f32, high_max: f32,
  region_mean: f32, capped: f32, phi: f32, gap_mean: f32, gap_max: f32,
  correction_min: f32, correction_mean: f32, correction_max: f32,
}
const CLIPPED: u32 = 0u;
const CISPO: u32 = 1u;
const SAPO: u32 = 2u;
const VESPO: u32 = 3u;
const NLL: u32 = 4u;
const FAR: f32 = 1e30;
const LARGEST_LOG: f32 = 80.0;                                                 // exp of it still fits f32
const LEAST_LOG: f32 = -18.420680743952367;                                    // log 1e-8
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> batch: Batch;
@group(0) @binding(2) var<storage, read> logps: array<f32>;                    // [tokens]
@group(0) @binding(3) var<storage, read> old: array<f32>;                      // [tokens]
@group(0) @binding(4) var<storage, read> reference: array<f32>;                // [tokens]
@group(0) @binding(5) var<storage, read> sampler: array<f32>;                  // [tokens]
@group(0) @binding(6) var<storage, read> entropies: array<f32>;                // [tokens]
@group(0) @binding(7) var<storage, read> threshold: array<f32>;                // [2]: entropy, share of tokens that reach it
@group(0) @binding(8) var<storage, read> factors: array<f32>;                  // [tokens]
@group(0) @binding(9) var<storage, read> complete: array<Partial>;             // [rows]
@group(0) @binding(10) var<storage, read_write> threshold_out: array<f32>;     // [2]
@group(0) @binding(11) var<storage, read_write> factors_out: array<f32>;       // [tokens]
@group(0) @binding(12) var<storage, read_write> partials: array<Partial>;      // [rows]
@group(0) @binding(13) var<storage, read_write> dlogps: array<f32>;            // [tokens], zero before
@group(0) @binding(14) var<storage, read_write> dentropies: array<f32>;        // [tokens], zero before
@group(0) @binding(15) var<storage, read_write> result: Result;

fn row_of(index: u32) -> Row {
  if (index >= batch.rows) { return Row(0u, 0u, 0u, 0.0, 0.0, 0.0); }
  return batch.row[index];
}

// Unsigned integers in the order of the floats they stand for.
fn ordered(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}
fn unordered(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key & 0x7fffffffu, key >= 0x80000000u));
}

fn count_below(key: u32, lane: u32) -> u32 {
  var count = 0u;
  for (var r = 0u; r < batch.rows; r++) {
    let row = batch.row[r];
    for (var t = lane; t < row.length; t += 64u) { count += select(0u, 1u, ordered(entropies[row.start + t]) < key); }
  }
  return u32(workgroup_sum(f32(count), lane));
}

// Share of the tokens whose entropy is `least` or more; 1 of none.
fn share_from(least: f32, lane: u32) -> f32 {
  var counts = vec2(0.0);                                                      // those that reach it, all
  for (var r = 0u; r < batch.rows; r++) {
    let row = batch.row[r];
    for (var t = lane; t < row.length; t += 64u) { counts += vec2(select(0.0, 1.0, entropies[row.start + t] >= least), 1.0); }
  }
  let reaching = workgroup_sum(counts.x, lane);
  let all = workgroup_sum(counts.y, lane);
  return select(1.0, reaching / all, reaching > 0.0);
}

// Entropy at position rank + rank_weight of the sorted valid tokens, linear in between (torch.quantile). One workgroup:
// the order statistic is built bit by bit by counting.
@compute @workgroup_size(64)
fn entropy_threshold(@builtin(local_invocation_index) lane: u32) {
  var key = 0u;
  for (var bit = 0x80000000u; bit > 0u; bit >>= 1u) {
    if (count_below(key | bit, lane) <= batch.rank) { key |= bit; }
  }
  let value = unordered(key);
  let up_to = count_below(key + 1u, lane);
  var nearest = -FAR;
  for (var r = 0u; r < batch.rows; r++) {
    let row = batch.row[r];
    for (var t = lane; t < row.length; t += 64u) {
      let entropy = entropies[row.start + t];
      if (ordered(entropy) > key) { nearest = max(nearest, -entropy); }
    }
  }
  let next = -workgroup_max(nearest, lane);
  let above = select(next, value, up_to > batch.rank + 1u || next >= FAR);
  let reached = value + batch.rank_weight * (above - value);
  let share = share_from(reached, lane);
  if (lane > 0u) { return; }
  threshold_out[0] = reached;
  threshold_out[1] = share;
}

fn corrected(log_ratio: f32) -> f32 {
  let ratio = exp(clamp(log_ratio, -LARGEST_LOG, LARGEST_LOG));
  if (u.truncate > 0u) { return clamp(ratio, batch.correction_min, batch.correction_max); }
  return select(ratio, 0.0, ratio < batch.correction_min || ratio > batch.correction_max);
}

fn correction_log(ratio: f32) -> f32 { return clamp(log(max(ratio, 1e-8)), LEAST_LOG, 20.0); }

// Factor of each token's policy term, gradient of the entropy bonus, and what the sampler's gap amounts to.
@compute @workgroup_size(64)
fn weigh(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group.x);
  var sums = vec3(0.0);                                                        // entropy, |gap|, old - sampler
  var gap_max = 0.0;
  for (var t = lane; t < row.length; t += 64u) {
    let gap = old[row.start + t] - sampler[row.start + t];
    sums += vec3(entropies[row.start + t], abs(gap), gap);
    gap_max = max(gap_max, abs(gap));
  }
  let entropy = workgroup_sum(sums.x, lane);
  let gap_sum = workgroup_sum(sums.y, lane);
  let whole = corrected(workgroup_sum(sums.z, lane));
  let gap_largest = workgroup_max(gap_max, lane);
  var ratios = vec4(0.0, -FAR, -FAR, 0.0);                                     // sum, -min, max, sum of logs
  var entropy_weight = row.entropy_weight;
  if (u.entropy_mask > 0u) { entropy_weight /= threshold[1]; }
  var rewarded = 0.0;                                                          // entropy of tokens that reach the threshold
  for (var t = lane; t < row.reach; t += 64u) {
    let i = row.start + t;
    var factor = 1.0;
    if (u.entropy_mask > 0u) { factor = select(0.0, 1.0, t < row.length && entropies[i] >= threshold[0]); }
    if (t < row.length) {
      dentropies[i] = -entropy_weight * factor;
      rewarded += entropies[i] * factor;
    }
    if (u.correction == 1u && t < row.length) {
      let ratio = corrected(old[i] - sampler[i]);
      ratios = vec4(ratios.x + ratio, max(ratios.y, -ratio), max(ratios.z, ratio), ratios.w + correction_log(ratio));
      if (u.family != VESPO) { factor *= ratio; }
    }
    if (u.correction == 2u && u.family != VESPO) { factor *= whole; }
    factors_out[i] = factor;
  }
  let ratio_sum = workgroup_sum(ratios.x, lane);
  let ratio_min = -workgroup_max(ratios.y, lane);
  let ratio_max = workgroup_max(ratios.z, lane);
  let log_sum = workgroup_sum(ratios.w, lane);
  let bonus = entropy_weight * workgroup_sum(rewarded, lane);
  if (lane > 0u || group.x >= batch.rows) { return; }
  var out = Partial();
  out.entropy = entropy;
  out.bonus = bonus;
  out.gap_sum = gap_sum;
  out.gap_max = gap_largest;
  let per_sequence = u.correction == 2u;
  out.correction_sum = select(ratio_sum, whole, per_sequence);
  out.correction_min = select(ratio_min, whole, per_sequence);
  out.correction_max = select(ratio_max, whole, per_sequence);
  out.correction_log = select(log_sum, correction_log(whole), per_sequence);
  partials[group.x] = out;
}

fn ratio_of(log_ratio: f32) -> f32 { return exp(clamp(log_ratio, -LARGEST_LOG, LARGEST_LOG)); }

// KL estimate and its derivative by lp, of one token, without the bias correction.
fn kl_term(difference: f32) -> vec2<f32> {
  let d = clamp(difference, -batch.kl_clamp, batch.kl_clamp);
  let inside = select(0.0, 1.0, abs(difference) <= batch.kl_clamp);
  if (u.kl == 1u) { return vec2(-d, inside); }
  if (u.kl == 2u) { return vec2(0.5 * d * d, -d * inside); }
  let e = ratio_of(d);
  return vec2(e - d - 1.0, (1.0 - e) * inside);
}

// Loss and its derivative by log rho: the smaller of two branches, half of each where they are equal (as torch does).
fn clipped_term(rho: f32, advantage: f32) -> vec2<f32> {
  let capped = min(rho, batch.delta);
  let clipped = clamp(rho, batch.low, batch.high);
  let capped_slope = select(0.0, 1.0, rho <= batch.delta);
  let clipped_slope = select(0.0, 1.0, rho >= batch.low && rho <= batch.high);
  var pick = 0.5;
  if (capped != clipped) { pick = select(0.0, 1.0, (capped < clipped) == (advantage > 0.0)); }
  let loss = -advantage * select(clipped, capped, pick > 0.0);
  let most = -batch.dual_clip * advantage;
  if (advantage < 0.0 && loss > most) { return vec2(most, 0.0); }
  return vec2(loss, -advantage * rho * mix(clipped_slope, capped_slope, pick));
}

fn sapo_term(rho: f32, advantage: f32) -> vec2<f32> {
  let tau = select(batch.tau_neg, batch.tau_pos, advantage > 0.0);
  let s = 1.0 / (1.0 + exp(clamp(-tau * (rho - 1.0), -LARGEST_LOG, LARGEST_LOG)));
  return vec2(-advantage * (4.0 / tau) * s, -advantage * 4.0 * s * (1.0 - s) * rho);
}

// Loss, its derivative by log rho, and its derivative by lp with rho held fixed.
fn policy_term(lp: f32, rho: f32, phi: f32, advantage: f32) -> vec3<f32> {
  if (u.family == CLIPPED) { return vec3(clipped_term(rho, advantage), 0.0); }
  if (u.family == SAPO) { return vec3(sapo_term(rho, advantage), 0.0); }
  if (u.family == NLL) { return vec3(-lp, 0.0, -1.0); }
  let held = -advantage * select(phi, min(rho, batch.high), u.family == CISPO);
  return vec3(held * lp, 0.0, held);
}

fn vespo_weight(log_ratio: f32, advantage: f32) -> f32 {
  let log_w = clamp(log_ratio, LEAST_LOG, 20.0);
  let k = select(batch.k_neg, batch.k_pos, advantage >= 0.0);
  let lambda = select(batch.lambda_neg, batch.lambda_pos, advantage >= 0.0);
  return exp(clamp(lambda + k * log_w - lambda * exp(log_w), -LARGEST_LOG, LARGEST_LOG));
}

// Whether a ratio is clipped: below with a negative advantage, above with a positive one, at cispo's cap.
fn clip_flags(rho: f32, advantage: f32) -> vec3<f32> {
  let seen = min(rho, batch.delta);
  return vec3(
    select(0.0, 1.0, seen < batch.low && advantage < 0.0),
    select(0.0, 1.0, seen > batch.high && advantage > 0.0),
    select(0.0, 1.0, rho > batch.high && advantage > 0.0));
}

// Loss and gradient of one completion: first its sums, then its tokens.
@compute @workgroup_size(64)
fn terms(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group.x);
  let count = max(1.0, f32(row.length));
  let sequence = u.sequence > 0u;
  let bias = u.bias_kl > 0u;
  var shifts = vec3(0.0);                                                       // lp - old, sampler - lp, lp - old within 20
  var reached = vec2(0.0);                                                     // factor, kl
  for (var t = lane; t < row.reach; t += 64u) {
    let i = row.start + t;
    let shift = logps[i] - old[i];
    if (t < row.length) { shifts += vec3(shift, sampler[i] - logps[i], clamp(shift, -20.0, 20.0)); }
    reached.x += factors[i];
    if (u.kl > 0u) { reached.y += kl_term(reference[i] - logps[i]).x; }
  }
  let row_rho = ratio_of(workgroup_sum(shifts.x, lane) / count);
  let drift = workgroup_sum(shifts.y, lane) / count;
  let path = workgroup_sum(shifts.z, lane);
  let factor_sum = workgroup_sum(reached.x, lane);
  let kl_sum = workgroup_sum(reached.y, lane);
  let keep = select(0.0, 1.0, row.advantage >= 0.0 || drift <= batch.off_policy);
  var phi = 1.0;
  if (u.family == VESPO && group.x < batch.rows) { phi = vespo_weight(path + partials[group.x].correction_log, row.advantage); }
  let row_slope = row.weight
    * (keep * factor_sum * policy_term(0.0, row_rho, phi, row.advantage).y + select(0.0, batch.beta * row_rho * kl_sum, bias)) / count;
  var sums = vec2(0.0);                                                        // loss, kl
  var flags = vec3(0.0);
  for (var t = lane; t < row.reach; t += 64u) {
    let i = row.start + t;
    let lp = logps[i];
    let rho = select(ratio_of(lp - old[i]), row_rho, sequence);
    let policy = policy_term(lp, rho, phi, row.advantage);
    let factor = keep * factors[i];
    var loss = factor * policy.x;
    var slope = factor * (policy.z + select(policy.y, 0.0, sequence));
    var kl = 0.0;
    if (u.kl > 0u) {
      let term = kl_term(reference[i] - lp);
      kl = term.x * select(1.0, rho, bias);
      loss += batch.beta * kl;
      slope += batch.beta * (term.y * select(1.0, rho, bias) + select(0.0, kl, bias && !sequence));
    }
    sums.x += row.weight * loss;
    dlogps[i] = row.weight * slope + select(0.0, row_slope, sequence && t < row.length);
    if (t < row.length) { sums.y += kl; flags += clip_flags(rho, row.advantage); }
  }
  let loss_sum = workgroup_sum(sums.x, lane);
  let kl_counted = workgroup_sum(sums.y, lane);
  let low = workgroup_sum(flags.x, lane);
  let high = workgroup_sum(flags.y, lane);
  let capped = workgroup_sum(flags.z, lane);
  if (lane > 0u || group.x >= batch.rows) { return; }
  let seen = select(vec3(low, high, capped), clip_flags(row_rho, row.advantage), sequence);
  partials[group.x].loss = loss_sum;
  partials[group.x].kl = kl_counted;
  partials[group.x].low = seen.x;
  partials[group.x].high = seen.y;
  partials[group.x].capped = seen.z;
  partials[group.x].low_share = seen.x / select(count, 1.0, sequence);
  partials[group.x].high_share = seen.y / select(count, 1.0, sequence);
  partials[group.x].phi = phi;
}

// Sums over completions, in order, and what TRL logs. One thread: completions are few.
@compute @workgroup_size(1)
fn finish() {
  var sum = Partial();
  sum.low_share = FAR;
  sum.correction_min = FAR;
  var bonus = 0.0;
  for (var r = 0u; r < batch.rows; r++) {
    let one = complete[r];
    sum.loss += one.loss;
    sum.kl += one.kl;
    sum.entropy += one.entropy;
    bonus += one.bonus;
    sum.low += one.low;
    sum.high += one.high;
    sum.capped += one.capped;
    sum.phi += one.phi;
    sum.gap_sum += one.gap_sum;
    sum.correction_sum += one.correction_sum;
    sum.low_share = min(sum.low_share, one.low_share);
    sum.high_share = max(sum.high_share, one.high_share);
    sum.gap_max = max(sum.gap_max, one.gap_max);
    sum.correction_min = min(sum.correction_min, one.correction_min);
    sum.correction_max = max(sum.correction_max, one.correction_max);
  }
  let per_flag = select(batch.per_token, batch.per_row, u.sequence > 0u);
  var out = Result();
  out.loss = sum.loss - bonus;
  out.policy_loss = batch.policy_scale * sum.loss;
  out.kl = sum.kl * batch.per_token;
  out.entropy = sum.entropy * batch.per_token;
  out.low_mean = sum.low * per_flag;
  out.low_min = sum.low_share;
  out.high_mean = sum.high * per_flag;
  out.high_max = sum.high_share;
  out.region_mean = (sum.low + sum.high) * per_flag;
  out.capped = sum.capped * per_flag;
  out.phi = sum.phi * batch.per_row;
  out.gap_mean = sum.gap_sum * batch.per_token;
  out.gap_max = sum.gap_max;
  out.correction_min = sum.correction_min;
  out.correction_mean = sum.correction_sum * select(batch.per_token, batch.per_row, u.correction == 2u);
  out.correction_max = sum.correction_max;
  result = out;
}
