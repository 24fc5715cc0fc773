// Rows shared by teams: what the kernels of attention/subgroup are made of.
// TEAM lanes of a subgroup share rows of VECS vec4s by their columns: lane l has vec4 l, TEAM + l, ... of each. A team keeps OWN
// consecutive rows in registers and walks over others, TURN = TEAM / OWN a turn, which makes TEAM pairs: pair n is own row n % OWN with
// walked row n / OWN. Each lane multiplies its columns of all pairs; lane n adds up pair n over the team, and its weight is exchanged.
// Rows stand in another order in each lane: row r of lane l is own row r ^ (l % OWN), or walked row r ^ (l / OWN). Value t of lane l is
// then of pair t ^ l, so that lanes swap values that stand at the same place in each, as registers need it.
const PART = VECS / TEAM;  // vec4s of a row in one lane; TEAM is 4, 8 or 16, at most LANES, and divides VECS
const TURN = TEAM / OWN;   // OWN is a power of two, at most TEAM and 8
const OWN_ROWS = LANES / TEAM * OWN;  // of all teams of a subgroup
alias Own = array<vec4<f32>, OWN * PART>;
alias Walked = array<vec4<f32>, TURN * PART>;

// Rows [., heads, VECS] of a head up to row `last`; which columns this lane has of them, and in which order the rows stand.
struct Rows { heads: u32, head: u32, last: u32, lane: u32, order: u32 }

// Row of this lane's n-th vec4 of the rows from `first` on.
fn row_of(rows: Rows, first: u32, n: u32) -> u32 { return first + ((n / PART) ^ rows.order); }

// Where that vec4 lies. The last row stands for those beyond it.
fn place(rows: Rows, first: u32, n: u32) -> u32 {
  return (min(row_of(rows, first, n), rows.last) * rows.heads + rows.head) * VECS + n % PART * TEAM + rows.lane;
}

// Value t: own . walked over this lane's columns.
fn product(own: ptr<function, Own>, walked: ptr<function, Walked>, t: u32) -> f32 {
  var sum = 0.0;
  for (var c = 0u; c < PART; c++) {
    let a = (*own)[t % OWN * PART + c];
    let b = (*walked)[t / OWN * PART + c];
    sum += a.x * b.x;
    sum += a.y * b.y;
    sum += a.z * b.z;
    sum += a.w * b.w;
  }
  return sum;
}

fn products(own: ptr<function, Own>, walked: ptr<function, Walked>, t: u32) -> vec4<f32> {
  return vec4<f32>(
    product(own, walked, t), product(own, walked, t + 1u), product(own, walked, t + 2u), product(own, walked, t + 3u));
}

// own . walked of this lane's pair: a butterfly reduction, in which each exchange halves the values that a lane keeps.
fn pair(own: ptr<function, Own>, walked: ptr<function, Walked>) -> f32 {
  var four = products(own, walked, 0u);
  if (TEAM > 4u) {
    var next = products(own, walked, 4u);
    if (TEAM > 8u) {
      four += subgroupShuffleXor(products(own, walked, 8u), 8u);
      next += subgroupShuffleXor(products(own, walked, 12u), 8u);
    }
    four += subgroupShuffleXor(next, 4u);
  }
  let two = four.xy + subgroupShuffleXor(four.zw, 2u);
  return two.x + subgroupShuffleXor(two.y, 1u);
}

fn add_value(own: ptr<function, Own>, weight: f32, walked: ptr<function, Walked>, t: u32) {
  for (var c = 0u; c < PART; c++) { (*own)[t % OWN * PART + c] += weight * (*walked)[t / OWN * PART + c]; }
}

// `weight` is of value t in this lane: by ones from it are the weights of the next three.
fn add_values(own: ptr<function, Own>, weight: f32, walked: ptr<function, Walked>, t: u32) {
  add_value(own, weight, walked, t);
  add_value(own, subgroupShuffleXor(weight, 1u), walked, t + 1u);
  add_value(own, subgroupShuffleXor(weight, 2u), walked, t + 2u);
  add_value(own, subgroupShuffleXor(weight, 3u), walked, t + 3u);
}

// own += weight * walked for all pairs, each by the weight of its lane.
fn add(own: ptr<function, Own>, weight: f32, walked: ptr<function, Walked>) {
  add_values(own, weight, walked, 0u);
  if (TEAM > 4u) { add_values(own, subgroupShuffleXor(weight, 4u), walked, 4u); }
  if (TEAM > 8u) {
    add_values(own, subgroupShuffleXor(weight, 8u), walked, 8u);
    add_values(own, subgroupShuffleXor(weight, 12u), walked, 12u);
  }
}

fn scale_row(own: ptr<function, Own>, factor: f32, row: u32) {
  for (var c = 0u; c < PART; c++) { (*own)[row % OWN * PART + c] *= factor; }
}

// own *= factor: the same in all lanes whose pairs have that own row.
fn scale_rows(own: ptr<function, Own>, factor: f32) {
  scale_row(own, factor, 0u);
  if (OWN > 1u) { scale_row(own, subgroupShuffleXor(factor, 1u), 1u); }
  if (OWN > 2u) {
    scale_row(own, subgroupShuffleXor(factor, 2u), 2u);
    scale_row(own, subgroupShuffleXor(factor, 3u), 3u);
  }
  if (OWN > 4u) {
    scale_row(own, subgroupShuffleXor(factor, 4u), 4u);
    scale_row(own, subgroupShuffleXor(factor, 5u), 5u);
    scale_row(own, subgroupShuffleXor(factor, 6u), 6u);
    scale_row(own, subgroupShuffleXor(factor, 7u), 7u);
  }
}

// Over the lanes whose pairs have the same own row.
fn sum_of_row(value: f32) -> f32 {
  var sum = value;
  for (var n = OWN; n < TEAM; n *= 2u) { sum += subgroupShuffleXor(sum, n); }
  return sum;
}

fn largest_of_row(value: f32) -> f32 {
  var largest = value;
  for (var n = OWN; n < TEAM; n *= 2u) { largest = max(largest, subgroupShuffleXor(largest, n)); }
  return largest;
}
