// Tables of text with aligned columns.

export interface ColumnStyle {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Columns of a terminal that a character takes is taken for one: names and numbers are what stands here. */
const width = (text: string): number => [...text].length;

/** Lines of the table, the titles first; two spaces between columns, none at the ends of lines. */
export function formatTable(columns: readonly ColumnStyle[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ title }, i) => Math.max(width(title), ...rows.map((row) => width(row[i] ?? ''))));
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, i) => {
        const cell = cells[i] ?? '';
        const space = ' '.repeat((widths[i] ?? 0) - width(cell));
        return align === 'right' ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  return [columns.map(({ title }) => title), ...rows].map(line);
}
