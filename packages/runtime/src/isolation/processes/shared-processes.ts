import { messageOf } from '@hotswap/protocol';
import type { GuestProcess } from './guest-process.ts';
import { isSameProfile, type LaunchProfile, sumOfLimits } from './launch-profile.ts';
import type { ProcessPlace } from './process-place.ts';
import type { PlaceOwner } from '../places/place.ts';
import { fail } from '../../errors.ts';

interface Group {
  readonly process: Promise<GuestProcess>;
  readonly trust: string | undefined;
  readonly profile: LaunchProfile;
  readonly members: Map<ProcessPlace, LaunchProfile>;
}

/** Processes that several plugins share because an operator said so: each lives as long as one of them is in it. */
export class SharedProcesses {
  readonly #groups = new Map<string, Group>();
  readonly #start: (profile: LaunchProfile) => Promise<GuestProcess>;

  constructor(start: (profile: LaunchProfile) => Promise<GuestProcess>) {
    this.#start = start;
  }

  /**
   * A lane in the process of that name, which is started when nobody is in it.
   *
   * @throws PROCESS_NOT_SHAREABLE
   */
  async join(name: string, owner: PlaceOwner, profile: LaunchProfile): Promise<ProcessPlace> {
    const group = this.#groupOf(name, owner, profile);
    if (group.trust !== owner.trust || !isSameProfile(group.profile, profile))
      throw fail('PROCESS_NOT_SHAREABLE', { plugin: owner.plugin, group: name });
    const process = await group.process;
    // It ended while this one waited for it: the next is another one's first.
    if (process.isEnding) return this.join(name, owner, profile);
    const place = process.open(owner);
    group.members.set(place, profile);
    place.onLeft = () => {
      group.members.delete(place);
      if (group.members.size > 0) void this.#limit(group, process).catch(() => {});
    };
    try {
      if (group.members.size > 1) await this.#limit(group, process);
      return place;
    } catch (error) {
      await place.terminate();
      throw fail('PROCESS_START_FAILED', { reason: messageOf(error) }, { cause: error });
    }
  }

  #groupOf(name: string, owner: PlaceOwner, profile: LaunchProfile): Group {
    const found = this.#groups.get(name);
    if (found !== undefined) return found;
    const process = this.#start(profile);
    const group: Group = { process, trust: owner.trust, profile, members: new Map() };
    this.#groups.set(name, group);
    const forget = (): void => void (this.#groups.get(name) === group && this.#groups.delete(name));
    process.then((started) => (started.onEnding = forget), forget);
    return group;
  }

  /** Without groups of processes nothing can be changed: together they are held to what the first of them may use. */
  async #limit({ members }: Group, process: GuestProcess): Promise<void> {
    const canChange = process.confined.layers.some(({ layer, status }) => layer === 'cgroup' && status === 'used');
    if (canChange) await process.limit(sumOfLimits([...members.values()].map(({ limits }) => limits)));
  }
}
