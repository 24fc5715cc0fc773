// Drawing a token from each row of logits, filters included, without leaving the GPU.
//   scores  repetition penalty on the ids a row has already drawn (x / penalty where x > 0, else x * penalty), then / temperature
//   top-k   keeps what is >= the k-th largest score (ties stay)
//   top-p   keeps the smallest set of likeliest tokens that holds the share top_p of what top-k kept, at least one
//   min-p   keeps what is at least min_p times as likely as the likeliest
// as in Hugging Face transformers' logits processors, in this order. A thread asks for four values before it works on the first, and for
// eight where AHEAD is 8: a GPU's memory answers late. The order of its sums is the same either way. Nothing is sorted: both thresholds are the largest c with
// measure{score >= c} >= target, the measure being a count or exp(score - largest), found by a five-way search over the
// scores' bit patterns in number order (14 passes, exact, deterministic).
// The draw inverts the cumulative distribution in id order at a number of the counter-based generator with the stream
// (step, row, index of the token in its row). Temperature 0 means the largest score, of equal ones the lowest id.
//! include grid
//! include random
struct Uniforms { rows: u32, vocabulary: u32, capacity: u32, end_count: u32, pad: u32 }
struct Controls {
  inverse_temperature: f32,   // 1 where greedy
  greedy: u32,
  top_k: u32,                 // 0: off
  top_p: f32,                 // >= 1: off
  min_p: f32,                 // 0: off
  repetition_penalty: f32,    // 1: off
  seed: u32,
  step: u32,
  limit: u32,                 // tokens that a row may draw
  streams: array<u32>,        // [rows] random stream of each row
}
struct Top { largest: f32, raw_largest: f32, raw_log_sum: f32 }
struct Cut { lowest: u32, largest: f32, mass: f32 }   // kept: in_order(score) >= lowest (and min-p); sum of their weights

@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> logits: array<f32>;                // [rows, vocabulary]
@group(0) @binding(2) var<storage, read> controls: Controls;
@group(0) @binding(3) var<storage, read> drawn: array<u32>;                 // [rows, capacity], the first lengths[row] count
@group(0) @binding(4) var<storage, read> lengths: array<u32>;               // [rows]
@group(0) @binding(5) var<storage, read_write> scores: array<f32>;          // [rows, vocabulary]
@group(0) @binding(6) var<storage, read> saved_scores: array<f32>;          // [rows, vocabulary]
@group(0) @binding(7) var<storage, read_write> tops: array<Top>;            // [rows]
@group(0) @binding(8) var<storage, read> saved_tops: array<Top>;            // [rows]
@group(0) @binding(9) var<storage, read_write> cuts: array<Cut>;            // [rows]
@group(0) @binding(10) var<storage, read> saved_cuts: array<Cut>;           // [rows]
@group(0) @binding(11) var<storage, read_write> probabilities: array<f32>;  // [rows, vocabulary]
@group(0) @binding(12) var<storage, read_write> tokens: array<u32>;         // [rows]
@group(0) @binding(13) var<storage, read_write> log_probs: array<f32>;      // [rows]
@group(0) @binding(14) var<storage, read> end_ids: array<u32>;              // [end_count]
@group(0) @binding(15) var<storage, read_write> history: array<u32>;        // [rows, capacity], as drawn
@group(0) @binding(16) var<storage, read_write> history_log_probs: array<f32>;   // [rows, capacity]
@group(0) @binding(17) var<storage, read_write> counts: array<u32>;         // [rows], as lengths
@group(0) @binding(18) var<storage, read_write> ended: array<u32>;          // [rows], 1 once a row has drawn an end id, 2 once it is cut

const LOWEST = -1e30;
const GREATEST = 0xffffffffu;

// Bits of a float, such that greater floats have greater bits.
fn in_order(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

// Of what `cut` keeps, exp(score - largest); of the rest 0.
fn weight(score: f32, cut: Cut) -> f32 {
  let share = exp(max(score - cut.largest, -87.0));
  return select(0.0, share, in_order(score) >= cut.lowest && share >= controls.min_p);
}

// Columns v, v + step, v + 2 step and v + 3 step, or the last one.
fn columns_from(v: u32, step: u32, end: u32) -> vec4<u32> {
  return min(v + step * vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(end - 1u));
}

fn exists(v: u32, step: u32, end: u32) -> vec4<bool> { return v + step * vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(end); }

fn four_scores(start: u32, c: vec4<u32>) -> vec4<f32> {
  return vec4<f32>(saved_scores[start + c.x], saved_scores[start + c.y], saved_scores[start + c.z], saved_scores[start + c.w]);
}

fn four_logits(start: u32, c: vec4<u32>) -> vec4<f32> {
  return vec4<f32>(logits[start + c.x], logits[start + c.y], logits[start + c.z], logits[start + c.w]);
}

fn four_weights(scores_of: vec4<f32>, cut: Cut) -> vec4<f32> {
  return vec4<f32>(weight(scores_of.x, cut), weight(scores_of.y, cut), weight(scores_of.z, cut), weight(scores_of.w, cut));
}

// In this order.
fn in_turn(sum: f32, values: vec4<f32>) -> f32 { return sum + values.x + values.y + values.z + values.w; }

// Sum and maximum of four values each over the lanes of a workgroup: LANES -> 16 -> 1, always in the same order.
const PART = LANES / 16u;
var<workgroup> lane_values: array<vec4<f32>, LANES>;
var<workgroup> lane_groups: array<vec4<f32>, 16>;

fn sum_lanes(value: vec4<f32>, lane: u32) -> vec4<f32> {
  lane_values[lane] = value;
  workgroupBarrier();
  if (lane < 16u) {
    var sum = vec4<f32>();
    for (var i = 0u; i < PART; i++) { sum += lane_values[lane * PART + i]; }
    lane_groups[lane] = sum;
  }
  workgroupBarrier();
  var total = vec4<f32>();
  for (var i = 0u; i < 16u; i++) { total += lane_groups[i]; }
  return total;
}

fn max_lanes(value: vec4<f32>, lane: u32) -> vec4<f32> {
  lane_values[lane] = value;
  workgroupBarrier();
  if (lane < 16u) {
    var largest = lane_values[lane * PART];
    for (var i = 1u; i < PART; i++) { largest = max(largest, lane_values[lane * PART + i]); }
    lane_groups[lane] = largest;
  }
  workgroupBarrier();
  var total = lane_groups[0];
  for (var i = 1u; i < 16u; i++) { total = max(total, lane_groups[i]); }
  return total;
}

// Scores without the penalty; one thread per element.
@compute @workgroup_size(64)
fn scale(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = linear_workgroup(group, grid) * 64u + lane;
  if (at < u.rows * u.vocabulary) { scores[at] = logits[at] * controls.inverse_temperature; }
}

// The penalty on ids drawn before; one workgroup per row. An id drawn twice is written twice, with the same value.
@compute @workgroup_size(64)
fn penalise(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linear_workgroup(group, grid);
  if (row >= u.rows || controls.repetition_penalty == 1.0) { return; }
  for (var i = lane; i < min(lengths[row], u.capacity); i += 64u) {
    let at = row * u.vocabulary + drawn[row * u.capacity + i];
    let logit = logits[at];
    let penalty = controls.repetition_penalty;
    scores[at] = select(logit * penalty, logit / penalty, logit > 0.0) * controls.inverse_temperature;
  }
}

fn raw_shares(raw: vec4<f32>, largest: f32, real: vec4<bool>) -> vec4<f32> {
  return select(vec4<f32>(), exp(max(raw * controls.inverse_temperature - largest, vec4<f32>(-87.0))), real);
}

// Largest score, and the normaliser of the unfiltered, unpenalised softmax; one workgroup per row.
@compute @workgroup_size(LANES)
fn find_top(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = min(linear_workgroup(group, grid), u.rows - 1u);
  let start = row * u.vocabulary;
  var most = vec4<f32>(LOWEST);
  var raw_most = vec4<f32>(LOWEST);
  for (var v = lane; v < u.vocabulary; v += AHEAD * LANES) {
    let near = columns_from(v, LANES, u.vocabulary);
    let far = columns_from(v + 4u * LANES, LANES, u.vocabulary);
    var found = four_scores(start, near);
    var raw = four_logits(start, near);
    if (AHEAD > 4u) {
      found = max(found, four_scores(start, far));
      raw = max(raw, four_logits(start, far));
    }
    most = max(most, found);
    raw_most = max(raw_most, raw);
  }
  let own = vec4<f32>(max(max(most.x, most.y), max(most.z, most.w)), max(max(raw_most.x, raw_most.y), max(raw_most.z, raw_most.w)), LOWEST, LOWEST);
  let largest = max_lanes(vec4<f32>(own.x, own.y * controls.inverse_temperature, LOWEST, LOWEST), lane);
  var sum = 0.0;
  for (var v = lane; v < u.vocabulary; v += AHEAD * LANES) {
    let near = four_logits(start, columns_from(v, LANES, u.vocabulary));
    var far = near;
    if (AHEAD > 4u) { far = four_logits(start, columns_from(v + 4u * LANES, LANES, u.vocabulary)); }
    sum = in_turn(sum, raw_shares(near, largest.y, exists(v, LANES, u.vocabulary)));
    if (AHEAD > 4u) { sum = in_turn(sum, raw_shares(far, largest.y, exists(v + 4u * LANES, LANES, u.vocabulary))); }
  }
  sum = sum_lanes(vec4<f32>(sum), lane).x;
  if (lane == 0u) { tops[row] = Top(largest.x, largest.y, log(sum)); }
}

// What four scores count for in a stage of `find_cut`.
fn stage_shares(found: vec4<f32>, largest: f32, stage: u32, real: vec4<bool>) -> vec4<f32> {
  var shares = vec4<f32>(1.0);
  if (stage > 0u) { shares = exp(max(found - largest, vec4<f32>(-87.0))); }
  if (stage == 2u) { shares = select(shares, vec4<f32>(), shares < vec4<f32>(controls.min_p)); }
  return select(vec4<f32>(), shares, real);
}

// Adds to each of four sums the shares of what reaches its threshold.
fn measured(sums: vec4<f32>, found: vec4<f32>, shares: vec4<f32>, thresholds: vec4<u32>) -> vec4<f32> {
  let x = select(vec4<f32>(), vec4<f32>(shares.x), vec4<u32>(in_order(found.x)) >= thresholds);
  let y = select(vec4<f32>(), vec4<f32>(shares.y), vec4<u32>(in_order(found.y)) >= thresholds);
  let z = select(vec4<f32>(), vec4<f32>(shares.z), vec4<u32>(in_order(found.z)) >= thresholds);
  let w = select(vec4<f32>(), vec4<f32>(shares.w), vec4<u32>(in_order(found.w)) >= thresholds);
  return sums + x + y + z + w;
}

// The threshold of top-k and top-p, and the weight of what all filters keep; one workgroup per row.
@compute @workgroup_size(LANES)
fn find_cut(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = min(linear_workgroup(group, grid), u.rows - 1u);
  let start = row * u.vocabulary;
  let largest = saved_tops[row].largest;
  let greedy = controls.greedy != 0u;
  var lowest = select(0u, in_order(largest), greedy);
  var total = 0.0;
  for (var stage = 0u; stage < 3u; stage++) {   // top-k, top-p, the weight of what is left
    if (stage == 0u && (greedy || controls.top_k == 0u || controls.top_k >= u.vocabulary)) { continue; }
    if (stage == 1u && (greedy || controls.top_p >= 1.0)) { continue; }
    var width = 0xff800000u;   // the threshold is in [lowest, lowest + width); in_order of a finite number is less than this
    var wanted = 0.0;
    for (var pass_ = 0u; pass_ < select(15u, 1u, stage == 2u); pass_++) {
      let step = select((width + 4u) / 5u, 0u, pass_ == 0u);   // the first pass measures everything from `lowest` on
      let room = vec4<u32>(GREATEST - lowest);
      let steps = select(vec4<u32>(step, 2u * step, 3u * step, 4u * step), room, vec4<u32>(step) > room / vec4<u32>(1u, 2u, 3u, 4u));
      let thresholds = vec4<u32>(lowest) + steps;
      var sums = vec4<f32>();
      for (var v = lane; v < u.vocabulary; v += AHEAD * LANES) {
        let near = four_scores(start, columns_from(v, LANES, u.vocabulary));
        var far = near;
        if (AHEAD > 4u) { far = four_scores(start, columns_from(v + 4u * LANES, LANES, u.vocabulary)); }
        sums = measured(sums, near, stage_shares(near, largest, stage, exists(v, LANES, u.vocabulary)), thresholds);
        if (AHEAD > 4u) {
          sums = measured(sums, far, stage_shares(far, largest, stage, exists(v + 4u * LANES, LANES, u.vocabulary)), thresholds);
        }
      }
      sums = sum_lanes(sums, lane);
      if (pass_ == 0u) {
        total = sums.x;
        wanted = select(controls.top_p * total, f32(controls.top_k), stage == 0u);
      } else {
        lowest += step * u32(dot(select(vec4<f32>(), vec4<f32>(1.0), sums >= vec4<f32>(wanted)), vec4<f32>(1.0)));
        width = step;
      }
    }
  }
  if (lane == 0u) { cuts[row] = Cut(lowest, largest, total); }
}

// The filtered distribution written out; one thread per element.
@compute @workgroup_size(64)
fn spread(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = linear_workgroup(group, grid) * 64u + lane;
  if (at >= u.rows * u.vocabulary) { return; }
  let cut = saved_cuts[at / u.vocabulary];
  probabilities[at] = weight(saved_scores[at], cut) / cut.mass;
}

// One token of each row; one workgroup per row, each lane a run of consecutive ids.
@compute @workgroup_size(LANES)
fn draw(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = min(linear_workgroup(group, grid), u.rows - 1u);
  let start = row * u.vocabulary;
  let run = (u.vocabulary + LANES - 1u) / LANES;
  let first = min(lane * run, u.vocabulary);
  let end = min(first + run, u.vocabulary);
  let cut = saved_cuts[row];
  var mass = 0.0;
  for (var v = first; v < end; v += AHEAD) {
    let near = four_scores(start, columns_from(v, 1u, end));
    var far = near;
    if (AHEAD > 4u) { far = four_scores(start, columns_from(v + 4u, 1u, end)); }
    mass = in_turn(mass, select(vec4<f32>(), four_weights(near, cut), exists(v, 1u, end)));
    if (AHEAD > 4u) { mass = in_turn(mass, select(vec4<f32>(), four_weights(far, cut), exists(v + 4u, 1u, end))); }
  }
  lane_values[lane].x = mass;
  workgroupBarrier();
  var before = 0.0;   // of the lanes before this one
  var total = 0.0;
  for (var i = 0u; i < LANES; i++) {
    if (i == lane) { before = total; }
    total += lane_values[i].x;
  }
  let uniform_number = random_uniform(controls.seed, vec3<u32>(controls.step, controls.streams[row], lengths[row]));
  let point = select(uniform_number * total, 0.0, controls.greedy != 0u);
  if (point < before || point >= before + mass) { return; }
  var chosen = first;
  for (var v = first; v < end && before <= point; v += 4u) {
    let shares = select(vec4<f32>(), four_weights(four_scores(start, columns_from(v, 1u, end)), cut), exists(v, 1u, end));
    for (var next = 0u; next < 4u; next++) {
      if (shares[next] > 0.0 && before <= point) { chosen = v + next; }
      before += shares[next];
    }
  }
  let top = saved_tops[row];
  tokens[row] = chosen;
  log_probs[row] = logits[start + chosen] * controls.inverse_temperature - top.raw_largest - top.raw_log_sum;
}

// Appends what was drawn and notes rows that ended, by an end id or at the limit; ended rows give `pad`. One thread per row.
@compute @workgroup_size(64)
fn advance(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linear_workgroup(group, grid) * 64u + lane;
  if (row >= u.rows) { return; }
  if (ended[row] != 0u) {
    tokens[row] = u.pad;
    log_probs[row] = 0.0;
    return;
  }
  let token = tokens[row];
  let length = counts[row];
  if (length < u.capacity) {
    history[row * u.capacity + length] = token;
    history_log_probs[row * u.capacity + length] = log_probs[row];
    counts[row] = length + 1u;
  }
  if (length + 1u >= min(controls.limit, u.capacity)) { ended[row] = 2u; }
  for (var i = 0u; i < u.end_count; i++) {
    if (token == end_ids[i]) { ended[row] = 1u; }
  }
}
