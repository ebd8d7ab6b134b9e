/** Shown where there is no figure yet. */
export const NO_FIGURE = '–';

/** Bytes for people, in powers of 1000: `0 kB`, `940 kB`, `12.3 MB`, `1.25 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 999_500) return `${Math.round(bytes / 1000)} kB`;
  if (bytes < 99_950_000) return `${(bytes / 1e6).toFixed(1)} MB`;
  if (bytes < 999_500_000) return `${Math.round(bytes / 1e6)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

/** A rate in kbit/s below 1000, else in Mbit/s. */
export function formatRate(bitsPerSecond: number): string {
  const kbps = bitsPerSecond / 1000;
  return kbps < 999.5 ? `${Math.round(kbps)} kbit/s` : `${(kbps / 1000).toFixed(1)} Mbit/s`;
}

/** A share from 0 to 1 as whole per cent; nothing is called 100 % or 0 % that is not. */
export function formatShare(share: number | undefined): string {
  if (share === undefined || !Number.isFinite(share)) return NO_FIGURE;
  const whole = Math.round(Math.min(1, Math.max(0, share)) * 100);
  if (whole === 100 && share < 1) return '99 %';
  if (whole === 0 && share > 0) return '1 %';
  return `${whole} %`;
}

/** A short time: `0.4 s`, `12 s`. */
export function formatSeconds(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return NO_FIGURE;
  const seconds = Math.max(0, ms) / 1000;
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}

/** A long time in its two largest units: `42 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A number, or the sign for none. */
export function formatNumber(value: number | undefined, digits = 0): string {
  return value === undefined || !Number.isFinite(value) ? NO_FIGURE : value.toFixed(digits);
}
