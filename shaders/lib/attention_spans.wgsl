// What the threads of a subgroup see, where they walk together.

// From the first to behind the last of what the threads see.
fn joined(own: vec2<u32>) -> vec2<u32> {
  let any = own.x < own.y;
  return vec2<u32>(subgroupMin(select(0xffffffffu, own.x, any)), subgroupMax(select(0u, own.y, any)));
}

fn sees(own: vec2<u32>, n: u32) -> bool { return own.x <= n && n < own.y; }
