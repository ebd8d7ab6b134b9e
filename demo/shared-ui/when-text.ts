/** A moment for people: the time of today, else with its day. */
export function whenText(at: number, now: number): string {
  const [then, today] = [new Date(at), new Date(now)];
  const time = then.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  if (then.toDateString() === today.toDateString()) return time;
  const day = then.toLocaleDateString([], { day: 'numeric', month: 'long' });
  return `${time} on ${day}`;
}
