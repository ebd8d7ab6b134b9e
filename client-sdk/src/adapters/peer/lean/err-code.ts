/** The error, with its code. Defined rather than assigned: a `DOMException` has a `code` that cannot be assigned. */
export default <Failure extends object>(error: Failure, code: string): Failure =>
  Object.defineProperty(error, 'code', { value: code, enumerable: true, configurable: true });
