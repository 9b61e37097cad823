/** Says that an action's own code runs, and how many seconds of CPU its process took until then. */
export function sayFirstLine(): void {
  const { user, system } = process.cpuUsage();
  process.stdout.write(`first line ${(user + system) / 1e6}\n`);
}
