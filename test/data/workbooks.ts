/** Workbooks made in the test: the least that Excel and LibreOffice write (ECMA-376). */
import { zipOf } from './archives.ts';

export type Cell = string | number | boolean | null;
type Sheets = Readonly<Record<string, readonly (readonly Cell[])[]>>;

const NAMESPACE = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

export function workbookOf(sheets: Sheets): Promise<Uint8Array<ArrayBuffer>> {
  const names = Object.keys(sheets);
  const strings: string[] = [];
  const pages = names.map((name) => sheetXml(sheets[name]!, strings));
  const links = names.map(
    (_, i) =>
      `<Relationship Id="rId${i + 1}" Type="${OFFICE}/worksheet" Target="worksheets/sheet${i + 1}.xml"/>`,
  );
  const shared = `<Relationship Id="rId99" Type="${OFFICE}/sharedStrings" Target="sharedStrings.xml"/>`;
  const list = names.map((name, i) => `<sheet name="${name}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`);
  return zipOf({
    '[Content_Types].xml': `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>`,
    '_rels/.rels': `${HEAD}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `${HEAD}<workbook xmlns="${NAMESPACE}" xmlns:r="${OFFICE}"><sheets>${list.join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${links.join('')}${shared}</Relationships>`,
    'xl/sharedStrings.xml': `${HEAD}<sst xmlns="${NAMESPACE}">${strings.map((text) => `<si><t xml:space="preserve">${escaped(text)}</t></si>`).join('')}</sst>`,
    ...Object.fromEntries(pages.map((xml, i) => [`xl/worksheets/sheet${i + 1}.xml`, xml])),
  });
}

function sheetXml(rows: readonly (readonly Cell[])[], strings: string[]): string {
  const cellXml = (cell: Cell, place: string): string => {
    if (cell === null) return '';
    if (typeof cell === 'string') return `<c r="${place}" t="s"><v>${strings.push(cell) - 1}</v></c>`;
    const isTruth = typeof cell === 'boolean';
    return `<c r="${place}"${isTruth ? ' t="b"' : ''}><v>${Number(cell)}</v></c>`;
  };
  const lines = rows.map(
    (cells, y) =>
      `<row r="${y + 1}">${cells.map((cell, x) => cellXml(cell, `${String.fromCharCode(65 + x)}${y + 1}`)).join('')}</row>`,
  );
  return `${HEAD}<worksheet xmlns="${NAMESPACE}"><sheetData>${lines.join('')}</sheetData></worksheet>`;
}
