import { type Report } from './findings.ts';

/** The attributes of a tag, quotes taken off. */
export type Attributes = ReadonlyMap<string, string>;

const ATTRIBUTE = /([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(,|$)/y;

/** Reads an attribute list (RFC 8216 section 4.2); what is none, or has a name twice, is reported. */
export function readAttributes(text: string, report: Report): Attributes {
  const found = new Map<string, string>();
  ATTRIBUTE.lastIndex = 0;
  while (ATTRIBUTE.lastIndex < text.length) {
    const [, name, value = '', comma] = ATTRIBUTE.exec(text) ?? [];
    if (name === undefined || (comma === ',' && ATTRIBUTE.lastIndex === text.length)) {
      report(`"${text}" is no attribute list`);
      break;
    }
    if (found.has(name)) report(`"${text}" has ${name} twice`);
    found.set(name, value.startsWith('"') ? value.slice(1, -1) : value);
  }
  return found;
}

/** A decimal number; undefined when it is absent, reported and undefined when it is none. */
export function numberOf(attributes: Attributes, name: string, report: Report): number | undefined {
  const text = attributes.get(name);
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  report(`${name} is ${text}`);
  return undefined;
}

/** YES or NO; false when it is absent, reported when it is neither. */
export function flagOf(attributes: Attributes, name: string, report: Report): boolean {
  const text = attributes.get(name) ?? 'NO';
  if (text !== 'YES' && text !== 'NO') report(`${name} is ${text}`);
  return text === 'YES';
}
