/** Zip archives made in the test, by another program's rules: flags, methods and names as they come. */
import {
  BlobWriter,
  TextReader,
  Uint8ArrayReader,
  ZipWriter,
  type ZipWriterAddDataOptions,
} from '@zip.js/zip.js';

export type ZipInput = string | Uint8Array<ArrayBuffer>;

/** Names without the flag of UTF-8 are written as `encode` says. */
export async function zipOf(
  contents: Readonly<Record<string, ZipInput>>,
  options: ZipWriterAddDataOptions & { readonly encode?: (name: string) => Uint8Array } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { encode, ...others } = options;
  const names = encode ? { useUnicodeFileNames: false, encodeText: encode } : {};
  const writer = new ZipWriter(new BlobWriter(), { useWebWorkers: false, ...names });
  for (const [path, content] of Object.entries(contents)) {
    const reader = typeof content === 'string' ? new TextReader(content) : new Uint8ArrayReader(content);
    await writer.add(path, reader, { ...names, ...others });
  }
  return new Uint8Array(await (await writer.close()).arrayBuffer());
}
