/** What became of an export: an archive to download, or files in a folder. */
import { useEffect, useRef, useState } from 'react';
import { formatBytes } from '../../math/format.ts';
import type { ExportedFile } from '../../protocol/messages.ts';
import { useStudioState } from '../../store/react.ts';
import { Empty, Panel } from '../parts/panel.tsx';

export function Exported() {
  const exported = useStudioState((state) => state.exported);
  if (!exported) return <Empty>What is written will be listed here. Nothing leaves this device.</Empty>;
  const { files, place } = exported;
  if (place === '') return <Downloads files={files} />;
  return (
    <Panel title={`${files.length} files saved to ${place}`}>
      <FileTable rows={files.map(({ name, blob }) => ({ name, size: blob.size, label: name }))} />
    </Panel>
  );
}

/** Exports whose download has begun: coming back to the screen must not begin it again. */
const begun = new WeakSet<readonly ExportedFile[]>();

/** The archive, whose download begins by itself; the link stays for a second try. */
function Downloads({ files }: { files: readonly ExportedFile[] }) {
  const links = useObjectUrls(files);
  const first = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (links.length === 0 || begun.has(files)) return;
    begun.add(files);
    first.current?.click();
  }, [links, files]);
  const rows = links.map(({ name, size, url }, index) => ({
    name,
    size,
    label: (
      <a
        href={url}
        ref={index === 0 ? first : null}
        download={name}
        data-testid="export-file"
        data-name={name}
      >
        {name}
      </a>
    ),
  }));
  return (
    <Panel title="Ready">
      <FileTable rows={rows} />
    </Panel>
  );
}

function useObjectUrls(files: readonly ExportedFile[]) {
  const [links, setLinks] = useState<{ name: string; size: number; url: string }[]>([]);
  useEffect(() => {
    const made = files.map(({ name, blob }) => ({ name, size: blob.size, url: URL.createObjectURL(blob) }));
    setLinks(made);
    return () => {
      for (const { url } of made) URL.revokeObjectURL(url);
    };
  }, [files]);
  return links;
}

function FileTable({ rows }: { rows: readonly { name: string; size: number; label: React.ReactNode }[] }) {
  return (
    <table className="exported">
      <tbody>
        {rows.map(({ name, size, label }) => (
          <tr key={name}>
            <td>{label}</td>
            <td className="number right muted">{formatBytes(size)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
