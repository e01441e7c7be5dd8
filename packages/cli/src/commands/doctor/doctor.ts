import { isCodedError } from '@hotswap/protocol';
import type { Check, Diagnosis } from '@hotswap/runtime';
import type { ManagementClient } from '../../client/management-client.ts';
import { exitProblemFound, exitSuccess } from '../../exit-codes.ts';
import { formatDiagnosis } from '../../output/diagnosis-text.ts';
import type { Call, Verb } from '../../verb.ts';
import { configFileOption } from '../config/server-config.ts';
import { checkConfigFile } from './check-config-file.ts';
import { diagnoseHere } from './diagnose-here.ts';
import { type DoctorOptions, type DoctorResult, summarise } from './doctor-result.ts';

/** `hotswap doctor`: asks the server if one answers, else looks at this machine alone. */
export const doctor: Verb<DoctorOptions, DoctorResult> = {
  name: 'doctor',
  summary: 'look for what is wrong: the machine, the config file, a running server and its plugins',
  options: [
    configFileOption,
    ['--leaks', 'search the heap for what keeps old generations; the server stands still for seconds per 100 MB'],
  ],
  examples: ['hotswap doctor', 'hotswap doctor --leaks', 'hotswap doctor --config /etc/hotswap/hotswap.toml --json'],
  async run(call) {
    const config = await checkConfigFile(call);
    const client = await call.connect();
    const { diagnosis, answers, checks } = await askServer(call, client, config.data);
    const all = [...diagnosis.checks.filter(({ area }) => area === 'environment'), ...config.checks, ...checks];
    const others = diagnosis.checks.filter(({ area }) => area !== 'environment');
    const result = { ...diagnosis, checks: answers ? [...all, ...others] : all };
    return { server: { url: client.url, answers }, summary: summarise(result.checks), ...result };
  },
  print: formatDiagnosis,
  exitCode: ({ summary }) => (summary.problem > 0 ? exitProblemFound : exitSuccess),
};

interface Answer {
  readonly diagnosis: Diagnosis;
  readonly answers: boolean;
  readonly checks: readonly Check[];
}

/** A search needs a server; everything else is useful without one. */
async function askServer(call: Call<DoctorOptions>, client: ManagementClient, data: string): Promise<Answer> {
  const { leaks = false } = call.options;
  try {
    const diagnosis = await (leaks ? searchLeaks(call, client) : client.doctor());
    return { diagnosis, answers: true, checks: [serverCheck('ok', `a server answers at ${client.url}`)] };
  } catch (error) {
    if (leaks || !isCodedError(error)) throw error;
    const isAbsent = error.code === 'SERVER_UNREACHABLE';
    const check = isAbsent
      ? serverCheck('ok', `no server answers at ${client.url}: only the environment of this command was looked at`)
      : serverCheck('problem', `the server at ${client.url} could not be asked: ${error.message}`, 'mend that first');
    return { diagnosis: await diagnoseHere(data), answers: false, checks: [check] };
  }
}

function serverCheck(level: Check['level'], message: string, action?: string): Check {
  return { area: 'server', id: 'server', level, message, ...(action !== undefined && { action }) };
}

const pollMs = 500;

/** Says how far the server is; while it writes its heap it answers nothing. */
async function searchLeaks(call: Call<DoctorOptions>, client: ManagementClient): Promise<Diagnosis> {
  call.progress.show('the server writes its heap to a file, and answers nothing until that is done ...');
  const search = client.searchLeaks();
  const isOver = search.then(
    () => true,
    () => true,
  );
  for (;;) {
    const hasEnded = await Promise.race([isOver, call.terminal.sleep(pollMs).then(() => false)]);
    if (hasEnded) return search;
    call.progress.show(await progressOf(client));
  }
}

async function progressOf(client: ManagementClient): Promise<string> {
  const unknown = 'searching ...';
  // That the server does not say how far it is does not stop the search: that one has its own answer.
  const searching = await client.doctor().then(
    (diagnosis) => diagnosis.searching,
    () => null,
  );
  if (searching === null) return unknown;
  const percent = `${Math.round(searching.done * 100)} %`;
  if (searching.step === 'snapshot') return 'the server writes its heap to a file ...';
  return searching.step === 'read'
    ? `reading the heap: ${percent}`
    : `looking for what keeps old generations: ${percent}`;
}
