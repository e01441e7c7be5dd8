// For programs that run a key server in their own process.
export { startKeyServer } from './server.ts';
export type { KeyServer, KeyServerOptions } from './server.ts';

// For plugin authors: what the key server's extension points and events carry.
export { extensionPoints } from './extension-points.ts';
export type { KeyCandidate, KeyContent, KeyEvent, KeyEventName, Verdict } from './extension-points.ts';
export type { KeyFacts, SubkeyFacts, UserIdFacts } from './keys/key.ts';
