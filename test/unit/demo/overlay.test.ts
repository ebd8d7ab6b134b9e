import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertOf } from '@shoal/demo/overlay/alert';
import { AlertQueue } from '@shoal/demo/overlay/alert-queue';

const alert = (id: string) => ({ id, title: `title ${id}`, message: '' });

describe('alerts of the overlay', () => {
  it('MON-10 are in plain words, with money as its currency writes it', () => {
    const donation = (minorUnits: number, currency: string) =>
      alertOf({
        ...{ type: 'donation.received', id: 'd' },
        data: { from: 'Bob', amount: { minorUnits, currency }, message: '<b>Hi</b>' },
      });
    expect(donation(1_250, 'EUR')).toEqual({
      ...{ id: 'd', title: 'Bob donated €12.50', message: '<b>Hi</b>' },
    });
    expect(donation(1_250, 'JPY')?.title).toBe('Bob donated ¥1,250');
    const told = (type: string, data: object) => alertOf({ type, id: 'x', data })?.title;
    expect(told('subscription.created', { name: 'Eve' })).toBe('Eve subscribed');
    expect(told('subscription.renewed', { name: 'Eve', months: 3 })).toBe('Eve subscribed again');
    expect(told('subscription.gifted', { from: 'Bob', to: 'Eve' })) //
      .toBe('Bob gave Eve a subscription');
    expect(told('stream.health', {})).toBeUndefined();
  });

  it('MON-10 take whatever comes', () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom('donation.received', 'x'), (data, type) => {
        expect(alertOf(data)?.id).not.toBe('');
        alertOf({ type, id: 'i', data });
        alertOf({ type, id: 'i', data: { amount: data } });
        alertOf({ type, id: 'i', data: { amount: { minorUnits: 1, currency: data } } });
      }),
    );
  });

  it('MON-10 are shown one after the other, each once', () => {
    const queue = new AlertQueue(['before']);
    expect(['a', 'b', 'a', 'before'].map((id) => queue.push(alert(id)))).toEqual([
      ...['queued', 'queued', 'queued', 'shown'],
    ]);
    expect(queue.next()?.id).toBe('a');
    expect(queue.push(alert('a'))).toBe('queued');
    expect(queue.next()).toBeUndefined();
    expect(queue.done()).toBe('a');
    expect(queue.push(alert('a'))).toBe('shown');
    expect(queue.next()?.id).toBe('b');
    expect([queue.done(), queue.done(), queue.next()]).toEqual(['b', undefined, undefined]);
    expect(queue.shown).toEqual(['before', 'a', 'b']);
  });

  it('MON-10 are bounded, those that wait as those that were shown', () => {
    const queue = new AlertQueue();
    const results = Array.from({ length: 1_001 }, (_, i) => queue.push(alert(`a${i}`)));
    expect([results[999], results[1_000]]).toEqual(['queued', 'dropped']);
    for (let i = 0; i < 1_001; i++) {
      queue.push(alert(`a${i}`));
      queue.next();
      queue.done();
    }
    queue.push(alert('last'));
    queue.next();
    queue.done();
    expect(queue.shown).toHaveLength(1_000);
  });
});
