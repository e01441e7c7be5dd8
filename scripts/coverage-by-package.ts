// What the tests reach, added up by package and held against the goal. Pure: the report comes in as data.

/** The report of the tool, `coverage-summary.json`: absolute path, and under `total` all of them. */
export type CoverageSummary = Readonly<Record<string, { readonly lines: Reached; readonly branches: Reached }>>;

interface Reached {
  readonly total: number;
  readonly covered: number;
}

/** One package: per cent of its lines and branches, and whether both are at the goal. */
export interface PackageCoverage {
  readonly package: string;
  readonly lines: number;
  readonly branches: number;
  readonly isEnough: boolean;
}

/** Per cent of lines and of branches that each package keeps. */
export const coverageGoal = 85;

/** Packages by name. A package is the first two folders of a path below `root`: `packages/runtime`. */
export function coverageByPackage(summary: CoverageSummary, root: string): readonly PackageCoverage[] {
  const files = Object.entries(summary).filter(([path]) => path !== 'total');
  const byPackage = Map.groupBy(files, ([path]) =>
    path
      .slice(root.length + 1)
      .split('/', 2)
      .join('/'),
  );
  return [...byPackage]
    .map(([name, itsFiles]) => {
      const lines = percentOf(itsFiles.map(([, file]) => file.lines));
      const branches = percentOf(itsFiles.map(([, file]) => file.branches));
      return { package: name, lines, branches, isEnough: Math.min(lines, branches) >= coverageGoal };
    })
    .toSorted((one, other) => one.package.localeCompare(other.package));
}

/** Rounded down to a tenth: 84.99 is not 85. */
function percentOf(parts: readonly Reached[]): number {
  const sum = (count: (part: Reached) => number): number => parts.reduce((all, part) => all + count(part), 0);
  const total = sum((part) => part.total);
  return total === 0 ? 100 : Math.floor((sum((part) => part.covered) * 1_000) / total) / 10;
}

/** One line a package, its columns under their titles. */
export function formatCoverage(packages: readonly PackageCoverage[]): string {
  const rows = packages.map(({ package: name, lines, branches, isEnough }) => [
    name,
    lines.toFixed(1),
    branches.toFixed(1),
    String(coverageGoal),
    isEnough ? 'yes' : 'NO',
  ]);
  const table = [['package', 'lines %', 'branches %', 'goal %', 'ok'], ...rows];
  return table
    .map(([name = '', ...numbers]) => name.padEnd(24) + numbers.map((cell) => cell.padStart(12)).join(''))
    .join('\n');
}
