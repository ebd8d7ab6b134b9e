/** Why the broadcast service cannot start or go on; never reused. */
export type ServiceErrorCode = 'bad-options' | 'database' | 'redis' | 'listen';

/** A failure of the broadcast service itself, for its operator. */
export class ServiceError extends Error {
  readonly code: ServiceErrorCode;

  constructor(code: ServiceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ServiceError';
    this.code = code;
  }
}
