// For both sides of a boundary: requests and answers as plugins see them.
export { bytesOf, isBlob, isSource, untouchedSource } from './body.ts';
export type { BodyLike, BodyPayload, BodySource } from './body.ts';
export { fieldValue, hasField, HotHeaders } from './headers.ts';
export type { HeaderInit } from './headers.ts';
export { HotRequest } from './request.ts';
export type { HotRequestInit, RequestSource } from './request.ts';
export { HotResponse } from './response.ts';
export type { HotResponseInit } from './response.ts';
export { encodeEvent, eventStream } from './server-sent-events.ts';
export type { EventFields } from './server-sent-events.ts';
