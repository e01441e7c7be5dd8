import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { DurationHistogram } from './duration-histogram.ts';
import { renderMetrics } from './exposition.ts';
import { PluginMetrics } from './plugin-metrics.ts';
import { RuntimeMetrics } from './runtime-metrics.ts';
import type { PluginFacts, RuntimeFacts } from './runtime-metrics.ts';

const aDay = Date.UTC(2030, 0, 2);

function pluginFacts(name: string, facts: Partial<PluginFacts> = {}): PluginFacts {
  const durations = new DurationHistogram();
  for (const ms of [0.05, 3, 40_000]) durations.record(ms);
  return {
    name,
    state: 'active',
    stateSince: aDay - 2_500,
    reloadCount: 3,
    activeRequests: 2,
    invocations: 10,
    errors: 1,
    panics: 0,
    durations: durations.facts(),
    rollbacks: { 'error-rate': 1 },
    violations: { memory: 2 },
    recovery: { breaker: 'half-open', attempts: 4, quarantines: 1, escalations: 2 },
    ...facts,
  };
}

function runtimeFacts(plugins: readonly PluginFacts[]): RuntimeFacts {
  const deployments = { inProgress: 1, durations: new DurationHistogram().facts() };
  return { now: aDay, plugins, sandboxInstances: 1, environment: 'test', node: 'one', deployments };
}

const newPluginMetrics = (seriesLimit = 1_000) =>
  new PluginMetrics({ seriesLimit, reservedNames: new RuntimeMetrics().names() });

describe("the runtime's metrics", () => {
  it('shows the facts of each plugin under the names and labels that were promised', () => {
    const metrics = new RuntimeMetrics({ prefix: 'hockeypuck' });
    metrics.operationFinished('load', 'success', 12);
    metrics.operationFinished('load', 'success', 12);
    metrics.operationFinished('swap', 'failure', 5);
    metrics.rollbackFinished(1);
    metrics.pluginFailed();
    const text = renderMetrics(
      metrics.families(runtimeFacts([pluginFacts('geo', { memoryBytes: 7, cpuPercent: 1.5 })])),
    );
    for (const line of [
      'hockeypuck_plugin_operations_total{operation="load",status="success"} 2',
      'hockeypuck_plugin_operations_total{operation="swap",status="failure"} 1',
      'hockeypuck_plugin_state_duration_seconds{plugin_name="geo",state="active"} 2.5',
      '# TYPE hockeypuck_plugin_reload_count untyped',
      'hockeypuck_plugin_reload_count{plugin_name="geo"} 3',
      'hockeypuck_plugin_memory_usage_bytes{plugin_name="geo"} 7',
      'hockeypuck_plugin_active_requests{plugin_name="geo"} 2',
      'hockeypuck_plugin_resource_violations_total{plugin_name="geo",resource_type="memory"} 2',
      'hockeypuck_plugin_panics_total{plugin_name="geo"} 0',
      'hockeypuck_plugin_rollbacks_total{plugin_name="geo",reason="error-rate"} 1',
      'hockeypuck_plugin_breaker_state{plugin_name="geo"} 1',
      'hockeypuck_plugin_recovery_attempts_total{plugin_name="geo"} 4',
      'hockeypuck_plugin_quarantines_total{plugin_name="geo"} 1',
      'hockeypuck_plugin_escalations_total{plugin_name="geo"} 2',
      'plugins_registered_total 2',
      'plugins_deployed_total 2',
      'plugins_rollback_total 1',
      'plugins_failed_total 1',
      'plugin_invocations_total{plugin_name="geo",status="failure"} 1',
      'plugin_execution_duration_seconds_bucket{plugin_name="geo",le="0.004096"} 2',
      'plugin_execution_duration_seconds_bucket{plugin_name="geo",le="+Inf"} 3',
      'plugin_memory_bytes{plugin_name="geo",environment="test",node="one"} 7',
      'deployments_in_progress 1',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
  });

  it('leaves out what is not known', () => {
    const text = renderMetrics(new RuntimeMetrics().families(runtimeFacts([pluginFacts('geo')])));
    expect(text).not.toMatch(/memory_usage_bytes\{|cpu_percent\{/);
  });

  const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
  // Continuous integration has to have it.
  if (!hasPromtool) console.log('SKIPPED: the check of metrics with promtool, because it is not installed');
  it.skipIf(!hasPromtool && process.env['CI'] !== 'true')(
    'passes promtool check metrics, plugin metrics included',
    () => {
      const plugins = newPluginMetrics();
      const metrics = plugins.of('odd "name"\\\n');
      metrics.counter('greetings_total', { labels: ['tone'] }).add(1, { tone: 'a\n"b\\' });
      metrics.gauge('room_celsius', { help: 'Two\nlines \\ of help.' }).set(-3);
      metrics.histogram('greeting_seconds').record(0.3);
      const text = renderMetrics([
        ...new RuntimeMetrics().families(runtimeFacts([pluginFacts('geo')])),
        ...plugins.families(),
      ]);
      expect(execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe('');
    },
  );
});

describe("plugins' metrics", () => {
  const linesOf = (metrics: PluginMetrics, name: string) =>
    renderMetrics(metrics.families())
      .split('\n')
      .filter((line) => line.startsWith(name));

  it('counts, sets and distributes, with the name of the plugin as a label', () => {
    const all = newPluginMetrics();
    const metrics = all.of('a');
    metrics.counter('hits_total').add(1);
    metrics.counter('hits_total').add(2);
    metrics.gauge('depth', { labels: ['queue'] }).set(5, { queue: 'in' });
    metrics.gauge('depth', { labels: ['queue'] }).add(-1, { queue: 'in' });
    const sizes = metrics.histogram('size_bytes', { buckets: [10, 100] });
    for (const size of [5, 10, 50, 500]) sizes.record(size);
    expect(linesOf(all, 'hits_total')).toEqual(['hits_total{plugin_name="a"} 3']);
    expect(linesOf(all, 'depth')).toEqual(['depth{queue="in",plugin_name="a"} 4']);
    expect(linesOf(all, 'size_bytes')).toEqual([
      'size_bytes_bucket{plugin_name="a",le="10"} 2',
      'size_bytes_bucket{plugin_name="a",le="100"} 3',
      'size_bytes_bucket{plugin_name="a",le="+Inf"} 4',
      'size_bytes_sum{plugin_name="a"} 565',
      'size_bytes_count{plugin_name="a"} 4',
    ]);
  });

  it('goes on counting for the next generation, and ends with the plugin', () => {
    const all = newPluginMetrics();
    all.of('a').counter('hits_total').add(1);
    all.of('b').counter('hits_total').add(1);
    all.of('a').counter('hits_total').add(1);
    expect(linesOf(all, 'hits_total')).toEqual(['hits_total{plugin_name="a"} 2', 'hits_total{plugin_name="b"} 1']);
    all.remove('a');
    expect(linesOf(all, 'hits_total')).toEqual(['hits_total{plugin_name="b"} 1']);
  });

  it('drops and counts what would be one set of labels too many', () => {
    const all = newPluginMetrics(2);
    const hits = all.of('a').counter('hits_total', { labels: ['client'] });
    for (const client of ['1', '2', '3', '4', '1']) hits.add(1, { client });
    expect(linesOf(all, 'hits_total')).toEqual([
      'hits_total{client="1",plugin_name="a"} 2',
      'hits_total{client="2",plugin_name="a"} 1',
    ]);
    expect(linesOf(all, 'plugin_series_dropped_total')).toEqual(['plugin_series_dropped_total{plugin_name="a"} 2']);
  });

  it.each(['', 'Hits_total', '1_total', 'a-b_total', 'hits', 'hits_count', 'a:b_total'])(
    'refuses a counter called %j',
    (name) => {
      expect(() => newPluginMetrics().of('a').counter(name)).toThrow(
        expect.objectContaining({ code: 'METRIC_NAME_INVALID' }),
      );
    },
  );

  it('refuses labels that the host sets, and labels that were not announced', () => {
    const metrics = newPluginMetrics().of('a');
    expect(() => metrics.gauge('x', { labels: ['plugin_name'] })).toThrow(/sets this label/);
    expect(() => metrics.gauge('x').set(1, { other: '' })).toThrow(
      expect.objectContaining({ code: 'METRIC_LABEL_UNKNOWN' }),
    );
  });

  it("refuses a name that is taken with another type or other buckets, or is the host's", () => {
    const all = newPluginMetrics();
    all.of('a').gauge('x');
    all.of('a').histogram('size', { buckets: [1] });
    const conflict = expect.objectContaining({ code: 'METRIC_CONFLICT' });
    expect(() => all.of('b').histogram('x')).toThrow(conflict);
    expect(() => all.of('b').histogram('size', { buckets: [2] })).toThrow(conflict);
    expect(() => all.of('b').gauge('plugins_active')).toThrow(conflict);
  });

  it('refuses values that are no numbers, counters that fall, and buckets that do not grow', () => {
    const metrics = newPluginMetrics().of('a');
    const invalid = expect.objectContaining({ code: 'METRIC_VALUE_INVALID' });
    expect(() => metrics.counter('hits_total').add(-1)).toThrow(invalid);
    expect(() => metrics.gauge('x').set(Number.NaN)).toThrow(invalid);
    expect(() => metrics.histogram('y', { buckets: [2, 1] })).toThrow(invalid);
  });

  it('are bounded for each plugin in all: what is beyond is dropped and counted, and others are not held to it', () => {
    const all = new PluginMetrics({ reservedNames: new Set(), metricsLimit: 2, pluginSeriesLimit: 3 });
    const many = (plugin: string): void => {
      for (const name of ['one', 'two', 'three']) {
        const gauge = all.of(plugin).gauge(name, { labels: ['n'] });
        for (const n of ['1', '2']) gauge.set(1, { n });
      }
    };
    many('geo');
    many('weather');
    expect(all.families().map(({ name, samples }) => [name, samples.length])).toEqual([
      ['one', 4],
      ['two', 2],
      ['plugin_series_dropped_total', 2],
    ]);
    expect(linesOf(all, 'plugin_series_dropped_total{')).toEqual([
      'plugin_series_dropped_total{plugin_name="geo"} 3',
      'plugin_series_dropped_total{plugin_name="weather"} 3',
    ]);
    all.remove('geo');
    many('geo');
    expect(linesOf(all, 'plugin_series_dropped_total{plugin_name="geo"')).toHaveLength(1);
  });
});
