import type { Command } from 'commander';
import type { Shell } from '../verb.ts';
import { addVerb } from '../verb.ts';
import { createCompletion } from './completion.ts';
import { diff } from './config/diff.ts';
import { writeBack } from './config/write-back.ts';
import { config } from './plugin/config.ts';
import { doctor } from './doctor/doctor.ts';
import { dev } from './plugin/dev.ts';
import { disable } from './plugin/disable.ts';
import { enable } from './plugin/enable.ts';
import { history } from './plugin/history.ts';
import { init } from './plugin/init.ts';
import { list } from './plugin/list.ts';
import { load } from './plugin/load.ts';
import { pack } from './plugin/pack.ts';
import { plan } from './plugin/plan.ts';
import { promote } from './plugin/promote.ts';
import { reload } from './plugin/reload.ts';
import { restart } from './plugin/restart.ts';
import { rollback } from './plugin/rollback.ts';
import { status } from './plugin/status.ts';
import { swap } from './plugin/swap.ts';
import { unload } from './plugin/unload.ts';
import { run } from './run.ts';
import { keygen } from './signing/keygen.ts';
import { sign } from './signing/sign.ts';
import { verify } from './signing/verify.ts';
import { add as addTrust } from './trust/add.ts';
import { list as listTrust } from './trust/list.ts';
import { remove as removeTrust } from './trust/remove.ts';
import { revoke } from './trust/revoke.ts';
import { exec } from './sandbox/exec.ts';
import { build as buildImage } from './sandbox/image/build.ts';
import { list as listImages } from './sandbox/image/list.ts';
import { pin as pinImage } from './sandbox/image/pin.ts';
import { prune as pruneImages } from './sandbox/image/prune.ts';
import { serve } from './serve.ts';

/** Every command there is, in the order in which the help names them. */
export const commandGroups: readonly ((program: Command, shell: Shell) => void)[] = [
  addServers,
  addPluginVerbs,
  addTrustVerbs,
  addConfigVerbs,
  addSandboxVerbs,
  (program, shell) => addVerb(program, createCompletion(program), shell),
];

function addServers(program: Command, shell: Shell): void {
  addVerb(program, run, shell);
  addVerb(program, serve, shell);
  addVerb(program, doctor, shell);
}

function addPluginVerbs(program: Command, shell: Shell): void {
  const plugin = program.command('plugin').description('look at and change the plugins of a running server');
  addVerb(plugin, list, shell);
  addVerb(plugin, status, shell);
  addVerb(plugin, load, shell);
  addVerb(plugin, unload, shell);
  addVerb(plugin, reload, shell);
  addVerb(plugin, swap, shell);
  addVerb(plugin, rollback, shell);
  addVerb(plugin, promote, shell);
  addVerb(plugin, history, shell);
  addVerb(plugin, restart, shell);
  addVerb(plugin, enable, shell);
  addVerb(plugin, disable, shell);
  addVerb(plugin, plan, shell);
  addVerb(plugin, config, shell);
  addVerb(plugin, init, shell);
  addVerb(plugin, dev, shell);
  addVerb(plugin, pack, shell);
  addVerb(plugin, keygen, shell);
  addVerb(plugin, sign, shell);
  addVerb(plugin, verify, shell);
}

function addTrustVerbs(program: Command, shell: Shell): void {
  const group = program
    .command('trust')
    .description('whose signatures a server accepts, and what it never loads again');
  addVerb(group, addTrust, shell);
  addVerb(group, listTrust, shell);
  addVerb(group, removeTrust, shell);
  addVerb(group, revoke, shell);
}

function addConfigVerbs(program: Command, shell: Shell): void {
  const group = program.command('config').description('bring the config file and what operators have set together');
  addVerb(group, diff, shell);
  addVerb(group, writeBack, shell);
}

function addSandboxVerbs(program: Command, shell: Shell): void {
  const group = program
    .command('sandbox')
    .description('confine a script as a plugin is, and look after what that needs');
  addVerb(group, exec, shell);
  const image = group.command('image').description('the images that plugins at level container run in');
  addVerb(image, listImages, shell);
  addVerb(image, buildImage, shell);
  addVerb(image, pruneImages, shell);
  addVerb(image, pinImage, shell);
}
