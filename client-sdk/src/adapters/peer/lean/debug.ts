/** A log that goes nowhere. */
export default (): (() => void) => () => {};
