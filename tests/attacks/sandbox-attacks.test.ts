import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attempt, type Attempt, type AttemptOptions } from './attempt.ts';
import { endingAttacks, kernelAttacks, quickAttacks } from './attacks.ts';
import { besideNeighbour } from './neighbour.ts';
import { attemptInThrowAwayWorld } from './throw-away.ts';
import { addonFile, makeWorld, type World } from './world.ts';

const hasSandbox = ((): boolean => {
  try {
    execFileSync('bwrap', ['--version'], { stdio: 'ignore' });
    return process.platform === 'linux';
  } catch {
    return false;
  }
})();
const hasNumbers = process.arch === 'x64';
/** What takes from everybody, rather than from one victim. */
const floods = ['fork-bomb', 'threads', 'buffers', 'heap', 'endless', 'output', 'disk'].map(
  (name) => `resources/${name}`,
);
const isRoot = process.getuid?.() === 0;
const nodeLayersOff = ['--without', 'permission-model', '--without', 'guard'];
/** Nobody in particular, with nothing to their name. */
const ordinaryUser = ['setpriv', '--reuid=64999', '--regid=64999', '--clear-groups', '--inh-caps=-all'];
/** What an ordinary user cannot have without help: the command says so, and the rest must hold alone. */
const ofOrdinaryUser = ['--allow-missing', 'cgroup', '--allow-missing', 'user'];

/** In continuous integration what is missing is a failure, elsewhere it is told and left out. */
function tellMissing(name: string): void {
  test.skipIf(process.env['CI'] !== 'true')(name, () => expect.fail('it is needed here'));
}

function leaveOut(name: string): void {
  test.skip(name, () => {});
}

if (!hasSandbox) tellMissing('attacks (left out: no bubblewrap here)');
if (!hasNumbers) leaveOut(`calls into the kernel by number (their numbers on ${process.arch} are not known here)`);

describe.runIf(hasSandbox)('attacks through hotswap sandbox exec', () => {
  let world: World;
  beforeAll(async () => {
    world = await makeWorld();
  });
  afterAll(() => world.end());

  const all = [...quickAttacks, ...(hasNumbers ? kernelAttacks : [])];
  const names = all.map(({ name }) => name);
  const run = (options: Omit<AttemptOptions, 'target'>): Promise<Attempt> =>
    attempt({ ...options, target: world.target, flags: ['--read', dirname(addonFile()), ...(options.flags ?? [])] });
  const winnersOf = ({ outcomes }: Attempt): string[] =>
    outcomes.filter(({ won }) => won).map(({ attack, evidence }) => `${attack}: ${evidence}`);

  test('each can win where every layer is turned off', async () => {
    const { outcomes, stderr } = await attemptInThrowAwayWorld(names);
    expect(
      outcomes.filter(({ won }) => !won),
      stderr,
    ).toEqual([]);
    expect(outcomes.map(({ attack }) => attack)).toEqual(names);
  });

  test.each(endingAttacks)('$name can win there too', async ({ name }) => {
    const { outcomes, stderr } = await attemptInThrowAwayWorld([name]);
    expect(outcomes, stderr).toEqual([expect.objectContaining({ won: true })]);
  });

  describe.each([
    ['root', isRoot, [], []],
    ['an ordinary user', true, isRoot ? ordinaryUser : [], ofOrdinaryUser],
  ] as const)('as %s', (_, isPossible, prefix, flags) => {
    test.runIf(isPossible)('none wins', async () => {
      const result = await run({ attacks: names, prefix, flags });
      expect(winnersOf(result), result.stderr).toEqual([]);
      expect(result.outcomes.map(({ attack }) => attack)).toEqual(names);
      expect(await world.harm()).toEqual([]);
    });

    test.runIf(isPossible)('none that the kernel holds wins when the layers of Node are off', async () => {
      const held = all.filter(({ isHeldByKernel }) => isHeldByKernel).map(({ name }) => name);
      const result = await run({ attacks: held, prefix, flags: [...flags, ...nodeLayersOff] });
      expect(winnersOf(result), result.stderr).toEqual([]);
      expect(result.outcomes.map(({ attack }) => attack)).toEqual(held);
      expect(await world.harm()).toEqual([]);
    });

    test.runIf(isPossible).each(endingAttacks)('$name ends without having won', async ({ name, endsBy }) => {
      const result = await run({ attacks: [name], prefix, flags: [...flags, '--memory', '192M', ...nodeLayersOff] });
      expect(winnersOf(result)).toEqual([]);
      if (endsBy !== undefined) expect(result.stderr).toMatch(endsBy);
      expect(await world.harm()).toEqual([]);
    });

    test.runIf(isPossible)('an endless loop is ended at its time limit, and says so', async () => {
      const began = performance.now();
      const result = await run({ attacks: ['resources/endless'], prefix, flags: [...flags, '--time', '2s'] });
      expect(result).toMatchObject({ code: null, signal: 'SIGKILL', outcomes: [] });
      expect(result.stderr).toContain('longer than 2s');
      expect(performance.now() - began).toBeLessThan(20_000);
    });

    test.runIf(isPossible)(
      'a flood of output goes through as it is read, and never piles up beside the sandbox',
      async () => {
        const result = await run({ attacks: ['resources/output'], prefix, flags: [...flags, '--time', '3s'] });
        expect(result.stdoutBytes).toBeGreaterThan(1_000_000);
        expect(result.hostMB).toBeLessThan(300);
      },
    );

    test.runIf(isPossible)('a flood of output that nobody reads stops where it is', async () => {
      const flood = { attacks: ['resources/output'], prefix, isRead: false };
      const result = await run({ ...flood, flags: [...flags, '--time', '3s'] });
      expect(result).toMatchObject({ signal: 'SIGKILL' });
      expect(result.stdoutBytes).toBeLessThan(2_000_000);
      expect(result.hostMB).toBeLessThan(200);
    });

    // The groups of the kernel hold an attacker back as a whole; without them only one core of two would be left.
    if (!isRoot || prefix.length > 0) return;
    test.each(floods)('a neighbour is answered and its host stays well during %s', async (name) => {
      const flood = { attacks: [name], prefix, flags: ['--time', '3s', '--memory', '192M', ...nodeLayersOff] };
      const { wellbeing } = await besideNeighbour(async () => await run(flood), []);
      const told = Object.entries(wellbeing).map(([what, value]) => `${what} ${Math.round(Number(value) * 10) / 10}`);
      process.stdout.write(`beside ${name}: ${told.join(', ')}\n`);
      expect(wellbeing.answers).toBeGreaterThan(50);
      expect(wellbeing.p99Ms).toBeLessThan(250);
      expect(wellbeing.loopP99Ms).toBeLessThan(250);
      expect(wellbeing.hostMB).toBeLessThan(700);
    });
  });
});
