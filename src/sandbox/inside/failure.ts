import type { WireFault } from '../wire.ts';

/** Something of the person's code went wrong, told as it goes over the wire. */
export class Failure extends Error {
  readonly fault: WireFault;

  constructor(fault: WireFault) {
    super(fault.message);
    this.fault = fault;
  }
}
