/** A square RGB picture, drawn shape by shape; every shape is a signed distance in pixels, negative inside. */
export class Canvas {
  /** @param {number} size side in pixels */
  constructor(size) {
    this.size = size;
    this.data = new Float32Array(size * size * 3);
  }

  /** Vertical gradient over the whole picture. Colours are [red, green, blue] in 0..255. */
  gradient(top, bottom) {
    this.#each((_x, y, at) => {
      const share = y / (this.size - 1);
      for (let c = 0; c < 3; c++) this.data[at + c] = top[c] * (1 - share) + bottom[c] * share;
    });
  }

  /** Covers what lies inside `distance(x, y)`, with an edge one pixel soft. */
  fill(color, distance, opacity = 1) {
    this.#each((x, y, at) => {
      const cover = opacity * Math.min(1, Math.max(0, 0.5 - distance(x, y)));
      if (cover <= 0) return;
      for (let c = 0; c < 3; c++) this.data[at + c] += cover * (color[c] - this.data[at + c]);
    });
  }

  /** 8-bit RGB, after adding noise from `random` of standard deviation `grain`. */
  bytes(random, grain) {
    return Uint8Array.from(this.data, (v) =>
      Math.min(255, Math.max(0, Math.round(v + grain * random.normal()))),
    );
  }

  #each(visit) {
    for (let y = 0; y < this.size; y++) {
      for (let x = 0; x < this.size; x++) visit(x + 0.5, y + 0.5, 3 * (y * this.size + x));
    }
  }
}

/** Distance to an ellipse, exact on its axes and close enough elsewhere for a soft edge. */
export function ellipse(cx, cy, rx, ry) {
  return (x, y) => (Math.hypot((x - cx) / rx, (y - cy) / ry) - 1) * Math.min(rx, ry);
}

/** Distance to a thick polyline through `points` ([x, y] each). */
export function stroke(points, radius) {
  return (x, y) => {
    let nearest = Number.POSITIVE_INFINITY;
    for (let i = 1; i < points.length; i++) {
      const [ax, ay] = points[i - 1];
      const [bx, by] = points[i];
      const [dx, dy] = [bx - ax, by - ay];
      const along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy);
      const t = Math.min(1, Math.max(0, along));
      nearest = Math.min(nearest, Math.hypot(x - ax - t * dx, y - ay - t * dy));
    }
    return nearest - radius;
  };
}
