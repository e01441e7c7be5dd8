import type { EngineLook } from '../../isolation/containers/container-door.ts';
import type { Check } from '../diagnosis.ts';

/** What to say of the engine that plugins at level `container` need. A host without one lacks that level and nothing else. */
export function judgeEngine(look: EngineLook): Check {
  const about = { area: 'environment', id: 'container-engine' } as const;
  if ('problem' in look) {
    return { ...about, level: 'ok', message: `level container cannot be had: ${look.problem}` };
  }
  const name = `${look.engine}${look.rootless ? ', without root' : ''}`;
  if (look.missing.length === 0) return { ...about, level: 'ok', message: `level container has ${name}` };
  const lacking = look.missing.map(({ layer, error }) => (error === undefined ? layer : `${layer} (${error})`));
  return {
    ...about,
    level: 'warning',
    message: `level container has ${name}, whose containers lack ${lacking.join(', ')}`,
    action: 'nothing runs at that level without them, unless allowMissing names them',
  };
}
