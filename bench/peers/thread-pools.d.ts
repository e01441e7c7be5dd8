// As much of the thread pools as the bench uses, so that it can be checked where they are not installed.

declare module 'piscina' {
  export class Piscina {
    constructor(options: object);
    run(task: unknown): Promise<unknown>;
  }
}

declare module 'tinypool' {
  export class Tinypool {
    constructor(options: object);
    run(task: unknown): Promise<unknown>;
  }
}
