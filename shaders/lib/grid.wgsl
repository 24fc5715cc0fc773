// Undoes the folding of long one-dimensional grids: index of this workgroup, counted along x, then y.
fn linear_workgroup(workgroup: vec3<u32>, grid: vec3<u32>) -> u32 {
  return workgroup.y * grid.x + workgroup.x;
}
