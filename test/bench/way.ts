import type { DeliveryRecord } from '@shoal/server';

/** A segment that the origin made. */
export type MadeSegment = {
  readonly path: string;
  readonly bytes: number;
  readonly durationMs: number;
  readonly at: number;
};

/** What is known of a response. */
export type Delivery = Pick<DeliveryRecord, 'path' | 'bytes' | 'userAgent'>;

/** A way to the origin. */
export type Way = {
  readonly httpPort: number;
  /** What went this way, where that differs from what the origin's log says. */
  readonly deliveries: readonly Delivery[] | undefined;
  /** Idempotent. */
  readonly close: () => Promise<void>;
};
