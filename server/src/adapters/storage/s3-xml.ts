/** Texts of all elements of this name, unescaped; elements inside one stay as they are. XML has no `<` in texts, so that this needs no parser. */
export function elementsOf(xml: string, name: string): readonly string[] {
  const pattern = new RegExp(`<${name}>([^]*?)</${name}>`, 'g');
  return [...xml.matchAll(pattern)].map(([, text = '']) =>
    text.includes('<') ? text : unescapeXml(text),
  );
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** A text with its entities replaced. */
export function unescapeXml(text: string): string {
  return text.replace(/&([^&;]{1,8});/g, (all, name: string) => {
    const code = /^#(?:x([0-9a-f]+)|(\d+))$/i.exec(name);
    if (code === null) return ENTITIES.get(name) ?? all;
    const [, hex, decimal = ''] = code;
    return String.fromCharCode(hex === undefined ? Number(decimal) : parseInt(hex, 16));
  });
}
