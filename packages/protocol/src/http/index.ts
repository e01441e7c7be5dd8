// For both sides of a boundary: requests and answers as plugins see them.
export { HotHeaders } from './headers.ts';
export { HotRequest } from './request.ts';
export type { RequestSource } from './request.ts';
export { HotResponse } from './response.ts';
