import type { BenchRow } from '../bench-row.ts';
import { startChild } from '../bounded-child.ts';
import type { ManyPluginsCommands } from '../children/many-plugins.ts';
import { below, exactly } from '../measure.ts';
import { helloPlugin, writePlugin } from '../plugin-texts.ts';

export const plugins1000: BenchRow = {
  id: 'plugins-1000',
  question: 'What do 1,000 loaded plugins at level basic cost while nobody asks anything of them?',
  goal: 'all active; status read p99 < 50 ms; idle < 2 % of a core',
  async run(context) {
    const count = context.isQuick ? 100 : 1_000;
    const folder = context.scope.makeFolder();
    for (let index = 0; index < count; index++) {
      const name = `plugin-${index}`;
      writePlugin(folder, { name, version: '1.0.0', text: helloPlugin('1', `/${name}`) });
    }
    const start: number[] = [];
    const active: number[] = [];
    const status: number[] = [];
    const idle: number[] = [];
    for (let round = 0; round < (context.isQuick ? 1 : 3); round++) {
      context.progress(`plugins-1000: round ${round + 1}, ${count} plugins`);
      await using child = await startChild<ManyPluginsCommands>(context, 'children/many-plugins.ts');
      const started = await child.call('start', { folder }, 120_000);
      start.push(started.ms);
      active.push(started.active);
      status.push(await child.call('statusRead', { times: 200 }));
      idle.push(await child.call('idle', { ms: context.isQuick ? 1_000 : 5_000 }));
    }
    context.scope.removeFolder(folder);
    return [
      { case: 'active after the start', unit: '', values: active, goal: exactly(count, 'plugins') },
      { case: 'start', unit: 'ms', values: start },
      { case: 'status read, p99', unit: 'ms', values: status, goal: below(50, 'ms') },
      { case: 'idle', unit: '% of a core', values: idle, goal: below(2, '%') },
    ];
  },
};
