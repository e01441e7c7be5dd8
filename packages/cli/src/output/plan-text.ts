import type { Plan } from '@hotswap/runtime';
import type { Style } from './style.ts';
import { formatTable } from './table.ts';

/** What a change would touch, in its order, and what would stop it. */
export function formatPlan(plan: Plan, style: Style): string {
  const lines = [`${style.bold(`${plan.operation} ${plan.plugin}`)} would:`];
  if (plan.steps.length === 0) lines.push('  change nothing');
  else lines.push(formatSteps(plan, style));
  for (const { code, message } of plan.problems)
    lines.push(`${style.bad('refused:')} ${message} ${style.dim(`(${code})`)}`);
  return lines.join('\n');
}

function formatSteps(plan: Plan, style: Style): string {
  const columns = [
    { title: 'step', align: 'right', cell: (step: NumberedStep) => String(step.number) },
    { title: 'action', cell: (step: NumberedStep) => step.action },
    { title: 'plugin', cell: (step: NumberedStep) => step.plugin },
    { title: 'because', cell: (step: NumberedStep) => step.reason },
  ] as const;
  return formatTable(
    plan.steps.map((step, index) => ({ ...step, number: index + 1 })),
    columns,
    style,
  );
}

type NumberedStep = Plan['steps'][number] & { readonly number: number };
