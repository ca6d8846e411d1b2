// The tables of docs/reference/output.md, from the definitions of every metric, event and attribute of ours.

const EDGE = 'edge';

/** A name that follows others of the same beginning is told by its end. */
function short(names) {
  const [first = '', ...rest] = names;
  const dot = first.lastIndexOf('.');
  return [first, ...rest].map((name, i) =>
    i > 0 && name.slice(0, dot) === first.slice(0, dot) && !name.slice(dot + 1).includes('.') ? name.slice(dot) : name,
  );
}

const code = (names) => names.map((name) => `\`${name}\``).join(', ');

/** The five attributes of an edge are one word. */
function attributesText(keys, { ATTRIBUTES, EDGE_ATTRIBUTES }) {
  const hasEdge = EDGE_ATTRIBUTES.every((key) => keys.includes(key));
  const rest = keys.filter((key) => !hasEdge || !EDGE_ATTRIBUTES.includes(key));
  const names = rest.map((key) => `\`${ATTRIBUTES[key].name}\``);
  return [...(hasEdge ? [EDGE] : []), ...names].join(', ');
}

function metricsTable({ METRICS, anomalyMetric, ...vocabulary }) {
  const rows = [anomalyMetric('<kind>'), ...Object.values(METRICS)];
  const merged = new Map();
  for (const row of rows) {
    const key = JSON.stringify([row.type, row.unit, row.value, row.attributes]);
    merged.set(key, [...(merged.get(key) ?? []), row]);
  }
  const lines = [...merged.values()].map((same) => {
    const [{ type, unit, value, attributes }] = same;
    const told = unit === undefined ? 'unit as received' : `\`${unit}\``;
    const names = code(short(same.map(({ name }) => name)));
    return `| ${names} | ${type}, ${told} | ${value} | ${attributesText(attributes, vocabulary)} |`;
  });
  return ['| metric | type, unit | value | attributes |', '|---|---|---|---|', ...lines].join('\n');
}

function attributesTable(keys, { ATTRIBUTES, EDGE_ATTRIBUTES }) {
  const hasEdge = EDGE_ATTRIBUTES.every((key) => keys.includes(key));
  const rest = keys.filter((key) => !hasEdge || !EDGE_ATTRIBUTES.includes(key));
  const lines = rest.map((key) => {
    const { name, type, unit, meaning } = ATTRIBUTES[key];
    return `| \`${name}\` | ${type}${unit === undefined ? '' : `, ${unit}`} | ${meaning} |`;
  });
  const edge = hasEdge ? ['| edge | string | as above |'] : [];
  return ['| attribute | type, unit | meaning |', '|---|---|---|', ...edge, ...lines].join('\n');
}

/** The tables by the name of their markers. */
export function outputTables(vocabulary) {
  const { EVENTS, EDGE_ATTRIBUTES, anomalyEvent } = vocabulary;
  const table = (keys) => attributesTable(keys, vocabulary);
  return {
    edge: attributesTable([...EDGE_ATTRIBUTES], { ...vocabulary, EDGE_ATTRIBUTES: ['-'] }),
    metrics: metricsTable(vocabulary),
    anomaly: table(anomalyEvent('<kind>').attributes),
    incident: table(EVENTS.incident.attributes),
    silence: table(EVENTS.senderSilent.attributes),
    forwarded: table(['isolationScore', 'isAnomaly']),
  };
}

/** The page with its tables between `<!-- NAME:begin -->` and `<!-- NAME:end -->`. */
export function withTables(text, tables) {
  let page = text;
  for (const [name, table] of Object.entries(tables)) {
    const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
    const [from, to] = [page.indexOf(begin), page.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`docs/reference/output.md has no ${begin} … ${end}`);
    page = `${page.slice(0, from + begin.length)}\n${table}\n${page.slice(to)}`;
  }
  return page;
}
