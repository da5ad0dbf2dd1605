/** Folders whose every file is read by some program (nginx, Caddy's `import sites/*`, logrotate, cron …). */
const readWhole = /(?:^|[-_.])(?:d|enabled|available|sites|vhosts|snippets|includes?)$/

/**
 * Where the former file is kept: `<path>.sitrep-<stamp>` beside it. In a folder that is read as a whole a second copy
 * would be loaded too (nginx: duplicate default server; Caddy: ambiguous site), so there it is kept one folder up:
 * `/etc/nginx/sites-enabled/default` → `/etc/nginx/sites-enabled.default.sitrep-20261120T030405Z`.
 */
export function backupPath(real: string, stamp: string): string {
  const [folder, name] = [real.slice(0, real.lastIndexOf('/')), real.slice(real.lastIndexOf('/') + 1)]
  const [above, own] = [folder.slice(0, folder.lastIndexOf('/')), folder.slice(folder.lastIndexOf('/') + 1)]
  if (!readWhole.test(own)) return `${real}.sitrep-${stamp}`
  return `${above}/${own}.${name}.sitrep-${stamp}`
}
