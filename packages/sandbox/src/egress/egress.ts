// What may be reached, for hosts that fetch something for somebody.
export { type CheckedAddresses, checkedAddresses, type Resolve } from './checked-addresses.ts';
export { type CheckedDispatcher, createCheckedDispatcher, type SocketTraffic } from './checked-dispatcher.ts';
export { type Destination, destinationOf, entryFor, isListed } from './destination.ts';
