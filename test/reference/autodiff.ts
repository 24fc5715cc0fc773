/** Reverse-mode differentiation over matrices of float64, each operation by its definition: slow, and to be read. */

export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  /** Row by row. */
  readonly values: Float64Array;
  /** Of what `backward` was called for; the same order. */
  readonly gradient: Float64Array;
}

export function matrix(rows: number, cols: number, values?: ArrayLike<number>): Matrix {
  if (values && values.length !== rows * cols)
    throw new Error(`matrix: ${values.length} values for [${rows}, ${cols}].`);
  const size = rows * cols;
  const own = values ? Float64Array.from(values) : new Float64Array(size);
  return { rows, cols, values: own, gradient: new Float64Array(size) };
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** What was computed, in order; every operation adds to the gradients of what it reads. */
export class Graph {
  readonly #backward: (() => void)[] = [];

  /** Adds d(sum of seed · output) to the gradient of everything that was read on the way. */
  backward(output: Matrix, seed: ArrayLike<number>): void {
    output.gradient.set(output.gradient.map((value, i) => value + seed[i]!));
    for (const step of [...this.#backward].reverse()) step();
  }

  /** A result of one value from one value at each place: f and its derivative. */
  #each(x: Matrix, f: (x: number) => number, slope: (x: number) => number): Matrix {
    const y = matrix(x.rows, x.cols, x.values.map(f));
    this.#backward.push(() => {
      for (let i = 0; i < y.values.length; i++) x.gradient[i]! += slope(x.values[i]!) * y.gradient[i]!;
    });
    return y;
  }

  scale(x: Matrix, factor: number): Matrix {
    return this.#each(
      x,
      (value) => factor * value,
      () => factor,
    );
  }

  /** x · sigmoid(x) */
  silu(x: Matrix): Matrix {
    const slope = (value: number): number => sigmoid(value) * (1 + value * (1 - sigmoid(value)));
    return this.#each(x, (value) => value * sigmoid(value), slope);
  }

  tanh(x: Matrix): Matrix {
    return this.#each(x, Math.tanh, (value) => 1 - Math.tanh(value) ** 2);
  }

  add(a: Matrix, b: Matrix): Matrix {
    const y = matrix(
      a.rows,
      a.cols,
      a.values.map((value, i) => value + b.values[i]!),
    );
    this.#backward.push(() => {
      y.gradient.forEach((d, i) => {
        a.gradient[i]! += d;
        b.gradient[i]! += d;
      });
    });
    return y;
  }

  /** Value by value. */
  multiply(a: Matrix, b: Matrix): Matrix {
    const y = matrix(
      a.rows,
      a.cols,
      a.values.map((value, i) => value * b.values[i]!),
    );
    this.#backward.push(() => {
      y.gradient.forEach((d, i) => {
        a.gradient[i]! += d * b.values[i]!;
        b.gradient[i]! += d * a.values[i]!;
      });
    });
    return y;
  }

  /** x [n, in] · weight [out, in]ᵀ + bias [1, out] */
  linear(x: Matrix, weight: Matrix, bias?: Matrix): Matrix {
    const [n, inputs, outputs] = [x.rows, x.cols, weight.rows];
    const y = matrix(n, outputs);
    for (let row = 0; row < n; row++) {
      const input = x.values.subarray(row * inputs, (row + 1) * inputs);
      for (let out = 0; out < outputs; out++) {
        const factors = weight.values.subarray(out * inputs, (out + 1) * inputs);
        let sum = bias?.values[out] ?? 0;
        for (let k = 0; k < inputs; k++) sum += input[k]! * factors[k]!;
        y.values[row * outputs + out] = sum;
      }
    }
    this.#backward.push(() => {
      for (let row = 0; row < n; row++) {
        const input = x.values.subarray(row * inputs, (row + 1) * inputs);
        const dInput = x.gradient.subarray(row * inputs, (row + 1) * inputs);
        for (let out = 0; out < outputs; out++) {
          const d = y.gradient[row * outputs + out]!;
          if (d === 0) continue;
          if (bias) bias.gradient[out]! += d;
          const factors = weight.values.subarray(out * inputs, (out + 1) * inputs);
          const dFactors = weight.gradient.subarray(out * inputs, (out + 1) * inputs);
          for (let k = 0; k < inputs; k++) {
            dInput[k]! += d * factors[k]!;
            dFactors[k]! += d * input[k]!;
          }
        }
      }
    });
    return y;
  }

  /** The rows of a table by their numbers. */
  rows(table: Matrix, ids: readonly number[]): Matrix {
    const { cols } = table;
    const y = matrix(ids.length, cols);
    ids.forEach((id, row) => {
      y.values.set(table.values.subarray(id * cols, (id + 1) * cols), row * cols);
    });
    this.#backward.push(() => {
      ids.forEach((id, row) => {
        for (let k = 0; k < cols; k++) table.gradient[id * cols + k]! += y.gradient[row * cols + k]!;
      });
    });
    return y;
  }

  /** x / sqrt(mean(x²) + eps) · weight [1, width], over groups of `width` neighbouring columns. */
  rmsNorm(x: Matrix, weight: Matrix, eps: number): Matrix {
    const width = weight.cols;
    const y = matrix(x.rows, x.cols);
    const inverses: number[] = [];
    for (let at = 0; at < x.values.length; at += width) {
      let squares = 0;
      for (let k = 0; k < width; k++) squares += x.values[at + k]! ** 2;
      const inverse = 1 / Math.sqrt(squares / width + eps);
      inverses.push(inverse);
      for (let k = 0; k < width; k++) y.values[at + k] = x.values[at + k]! * inverse * weight.values[k]!;
    }
    this.#backward.push(() => {
      inverses.forEach((inverse, group) => {
        const at = group * width;
        let dot = 0;
        for (let k = 0; k < width; k++) dot += y.gradient[at + k]! * weight.values[k]! * x.values[at + k]!;
        for (let k = 0; k < width; k++) {
          const [d, value] = [y.gradient[at + k]!, x.values[at + k]!];
          weight.gradient[k]! += d * value * inverse;
          x.gradient[at + k]! += d * weight.values[k]! * inverse - (value * inverse ** 3 * dot) / width;
        }
      });
    });
    return y;
  }

  /** (x - mean) / sqrt(variance + eps) · weight + bias, of each row; weight and bias [1, cols]. */
  layerNorm(x: Matrix, weight: Matrix, bias: Matrix, eps: number): Matrix {
    const { rows, cols } = x;
    const y = matrix(rows, cols);
    const normal = new Float64Array(rows * cols);
    const inverses = Array.from({ length: rows }, (_, row) => {
      const own = x.values.subarray(row * cols, (row + 1) * cols);
      const mean = own.reduce((sum, value) => sum + value, 0) / cols;
      const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / cols;
      const inverse = 1 / Math.sqrt(variance + eps);
      for (let k = 0; k < cols; k++) {
        const at = row * cols + k;
        normal[at] = (own[k]! - mean) * inverse;
        y.values[at] = normal[at]! * weight.values[k]! + bias.values[k]!;
      }
      return inverse;
    });
    this.#backward.push(() => {
      inverses.forEach((inverse, row) => {
        const at = row * cols;
        let [sum, dot] = [0, 0];
        for (let k = 0; k < cols; k++) {
          const d = y.gradient[at + k]!;
          weight.gradient[k]! += d * normal[at + k]!;
          bias.gradient[k]! += d;
          sum += d * weight.values[k]!;
          dot += d * weight.values[k]! * normal[at + k]!;
        }
        for (let k = 0; k < cols; k++) {
          const d = y.gradient[at + k]! * weight.values[k]!;
          x.gradient[at + k]! += inverse * (d - (sum + normal[at + k]! * dot) / cols);
        }
      });
    });
    return y;
  }

  /** Turns column i of each head with column i + width / 2 by angle[row][i]; cosines and sines are multiplied with `amplitude`. */
  rotate(x: Matrix, angles: readonly (readonly number[])[], amplitude: number): Matrix {
    const y = matrix(x.rows, x.cols);
    const half = angles[0]!.length;
    const pairs = (visit: (a: number, b: number, cos: number, sin: number) => void): void => {
      for (let row = 0; row < x.rows; row++) {
        for (let head = 0; head < x.cols; head += 2 * half) {
          angles[row]!.forEach((angle, i) => {
            const a = row * x.cols + head + i;
            visit(a, a + half, amplitude * Math.cos(angle), amplitude * Math.sin(angle));
          });
        }
      }
    };
    pairs((a, b, cos, sin) => {
      y.values[a] = x.values[a]! * cos - x.values[b]! * sin;
      y.values[b] = x.values[b]! * cos + x.values[a]! * sin;
    });
    this.#backward.push(() => {
      pairs((a, b, cos, sin) => {
        x.gradient[a]! += y.gradient[a]! * cos + y.gradient[b]! * sin;
        x.gradient[b]! += y.gradient[b]! * cos - y.gradient[a]! * sin;
      });
    });
    return y;
  }

  /**
   * softmax(q kᵀ / sqrt(width)) v, each row over itself and the rows before it, or over all; neighbouring heads of q share one of k
   * and v.
   */
  attention(q: Matrix, k: Matrix, v: Matrix, heads: number, kvHeads: number, isCausal = true): Matrix {
    const width = q.cols / heads;
    const y = matrix(q.rows, q.cols);
    const scale = 1 / Math.sqrt(width);
    for (let head = 0; head < heads; head++) {
      const shared = Math.floor(head / (heads / kvHeads));
      for (let row = 0; row < q.rows; row++) {
        const own = row * q.cols + head * width;
        const other = (key: number): number => key * k.cols + shared * width;
        const scores = Array.from({ length: isCausal ? row + 1 : k.rows }, (_, key) => {
          let dot = 0;
          for (let c = 0; c < width; c++) dot += q.values[own + c]! * k.values[other(key) + c]!;
          return scale * dot;
        });
        const weights = softmax(scores);
        weights.forEach((weight, key) => {
          for (let c = 0; c < width; c++) y.values[own + c]! += weight * v.values[other(key) + c]!;
        });
        this.#backward.push(() => {
          const slopes = weights.map((weight, key) => {
            let slope = 0;
            for (let c = 0; c < width; c++) {
              slope += y.gradient[own + c]! * v.values[other(key) + c]!;
              v.gradient[other(key) + c]! += weight * y.gradient[own + c]!;
            }
            return slope;
          });
          const mean = weights.reduce((sum, weight, key) => sum + weight * slopes[key]!, 0);
          weights.forEach((weight, key) => {
            const d = scale * weight * (slopes[key]! - mean);
            for (let c = 0; c < width; c++) {
              q.gradient[own + c]! += d * k.values[other(key) + c]!;
              k.gradient[other(key) + c]! += d * q.values[own + c]!;
            }
          });
        });
      }
    }
    return y;
  }

  /** log softmax(logits) of one column a row: [n, 1]. */
  logProbs(logits: Matrix, columns: readonly number[]): Matrix {
    const { rows, cols } = logits;
    const y = matrix(rows, 1);
    const shares = columns.map((column, row) => {
      const weights = softmax([...logits.values.subarray(row * cols, (row + 1) * cols)]);
      y.values[row] = Math.log(weights[column]!);
      return weights;
    });
    this.#backward.push(() => {
      columns.forEach((column, row) => {
        shares[row]!.forEach((share, c) => {
          logits.gradient[row * cols + c]! += y.gradient[row]! * (Number(c === column) - share);
        });
      });
    });
    return y;
  }
}

function softmax(scores: readonly number[]): number[] {
  const largest = Math.max(...scores);
  const parts = scores.map((score) => Math.exp(score - largest));
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part) => part / sum);
}
