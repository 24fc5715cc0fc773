import { PAPERS, type PaperId, paperAddress } from '../../protocol/papers.ts';

/** A paper by its short name and number; `whole`: by its title. */
export function PaperLink({ id, whole = false }: { id: PaperId; whole?: boolean }) {
  const { short, title } = PAPERS[id];
  return (
    <a href={paperAddress(id)} target="_blank" rel="noreferrer" title={title}>
      {whole ? title : short}, arXiv {id}
    </a>
  );
}
