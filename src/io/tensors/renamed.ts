import { InputError } from '../../math/errors.ts';
import type { TensorSource } from './safetensors.ts';

/** A source whose tensors go by other names: `nameOf` gives the new name of each. Throws an InputError where two get the same one. */
export function renamed(source: TensorSource, nameOf: (file: string) => string): TensorSource {
  const files = new Map<string, string>();
  for (const file of source.names()) {
    const name = nameOf(file);
    const other = files.get(name);
    if (other !== undefined) {
      throw new InputError(
        `${source.label}: "${other}" and "${file}" are two names of one tensor, ${name}.`,
        {
          hint: 'Save the checkpoint again with one of them.',
        },
      );
    }
    files.set(name, file);
  }
  // A name that is not there is passed on, so that the error comes from the files.
  const file = (name: string): string => files.get(name) ?? name;
  return {
    label: source.label,
    names: () => [...files.keys()],
    has: (name) => files.has(name),
    info: (name) => ({ ...source.info(file(name)), name }),
    bytes: (name) => source.bytes(file(name)),
    pieces: (name, pieceBytes, range) => source.pieces(file(name), pieceBytes, range),
    float32: (name) => source.float32(file(name)),
    integers: (name) => source.integers(file(name)),
  };
}
