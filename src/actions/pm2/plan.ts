import { resolve } from 'node:path/posix'
import type { Change, Drawn, Plan } from '../../model/action.ts'
import { changeCommand, type Former, saveListCommand } from '../../model/pm2/command.ts'
import type { Pm2Facts } from '../../model/pm2/facts.ts'
import { driftOf } from './drift.ts'
import { type Pm2Params, wantedOf } from './params.ts'

/** Why nothing may be done, in one line; undefined where something may. */
function refusal(p: Pm2Params, facts: Pm2Facts): string | undefined {
  const { name } = p
  const present = facts.processes.length > 0
  const holder = facts.others.find(({ holds }) => holds === 'yes')
  if (!facts.found)
    return `${p.pm2} was not found on the host; give pm2 by its path, or the host's path in sitrep.yaml`
  if (!present && holder !== undefined) {
    if (holder.user === facts.user)
      return `${name} runs under another PM2 of ${holder.user} (PM2_HOME ${holder.home}); a second copy is not started`
    return `${name} runs under the PM2 of ${holder.user} (pid ${holder.pid}); say \`as: ${holder.user}\`, a second copy is not started`
  }
  const unread = facts.others.find(({ holds }) => holds === 'unknown')
  if (!present && facts.daemon === 0 && unread !== undefined) {
    return `no PM2 of ${facts.user} runs, but one of ${unread.user} does (pid ${unread.pid}) and can't be looked into; say \`as: ${unread.user}\``
  }
  if (facts.cwdExists === false) return `the working directory ${p.cwd} does not exist`
  if (facts.scriptExists === false) return `the script ${facts.script} does not exist`
  if (relativeScript(p, facts).includes(' ')) {
    return 'PM2 takes a script path with a space for a shell command; use a cwd that holds the script, so that its relative path has none'
  }
  if (facts.port?.listening && !facts.port.mine) {
    return `port ${facts.port.number} belongs to ${facts.port.owner ?? 'another process'}, which is not ${name}`
  }
  return undefined
}

/** The script as PM2 will be given it: relative to the working directory where its path has a space. */
function relativeScript(p: Pm2Params, facts: Pm2Facts): string {
  const script = facts.script ?? p.script
  const dir = `${resolve(p.cwd)}/`
  return script.includes(' ') && script.startsWith(dir) ? script.slice(dir.length) : script
}

/** What is worth seeing beside the changes; names only. */
function evidenceOf(p: Pm2Params, facts: Pm2Facts, dropped: readonly string[]): string[] {
  return [
    ...(facts.processes.length > 1
      ? [`${facts.processes.length} processes have this name; all are started again`]
      : []),
    ...(dropped.length > 0 ? [`variables that will be dropped: ${dropped.join(', ')}`] : []),
    ...facts.processes.flatMap(({ runsIn, pm_id }) =>
      runsIn === undefined ? [] : [`process ${pm_id} of ${p.name} really runs in ${runsIn}`],
    ),
    ...facts.others
      .filter(({ user }) => user !== facts.user)
      .map(({ user }) => `a PM2 of ${user} runs on this host too`),
  ]
}

function changesOf(p: Pm2Params, facts: Pm2Facts, drawn: Drawn, dropped: readonly string[]): Plan['changes'] {
  const base = { name: p.name, pm2: p.pm2 }
  const { wanted, secrets } = wantedOf(p)
  const safeName = p.name.replace(/[^\w.-]/g, '-')
  const former: Former | undefined =
    facts.former === undefined
      ? undefined
      : { path: `${facts.stateDir}/${safeName}-${drawn.stamp}-${drawn.id}.json`, sha256: facts.former }
  const save: Change = {
    say: `pm2 save: the process list is kept for the next boot`,
    run: saveListCommand(p.pm2, facts.env),
  }
  const start = changeCommand(
    {
      ...base,
      verb: 'start',
      ...(former === undefined ? {} : { former }),
      script: facts.script ?? p.script,
      cwd: p.cwd,
      ...(p.args === undefined ? {} : { args: p.args }),
      ...(p.interpreter === undefined ? {} : { interpreter: p.interpreter }),
      wanted,
      keep: p.keep_env ?? [],
    },
    secrets,
  )
  const drop = dropped.length === 0 ? '' : `, without ${dropped.join(', ')}`
  const names = Object.keys(p.env ?? {})
  const withEnv = names.length === 0 ? '' : `, with ${names.join(', ')}`
  const undoStart: Change =
    former === undefined
      ? {
          say: `delete ${p.name} from PM2, where it was not before`,
          run: changeCommand({ ...base, verb: 'remove' }),
        }
      : {
          say: `start the former ${p.name} again from ${former.path} (sha256 ${former.sha256.slice(0, 12)}…)`,
          run: changeCommand({ ...base, verb: 'restore', former }),
        }
  return [
    ...(former === undefined
      ? []
      : [
          {
            do: {
              say: `save the former definition of ${p.name} to ${former.path} (0600)`,
              run: changeCommand({ ...base, verb: 'save', former }),
            },
            undo: [{ say: `remove ${former.path}`, remove: { path: former.path, expect: former.sha256 } }],
          },
        ]),
    {
      do: {
        say: `${former === undefined ? 'start' : 'delete and start'} ${p.name}: ${facts.script ?? p.script} in ${p.cwd}${withEnv}${drop}`,
        run: start,
      },
      undo: [undoStart, save],
    },
    // Its undo is to save again when the former definition is back, so it stands with the start.
    { do: save, undo: [] },
  ]
}

/** What `pm2.restart` would do. Nothing that changes from one look to the next (pid, uptime, restarts) is part of it. */
export function planPm2(p: Pm2Params, facts: Pm2Facts, drawn: Drawn): Plan {
  const because = refusal(p, facts)
  if (because !== undefined) return { outcome: 'cannot_tell', because, changes: [] }
  const { reasons, dropped } = driftOf(p, facts)
  const seen = (drop: readonly string[]) => {
    const evidence = evidenceOf(p, facts, drop)
    return evidence.length === 0 ? {} : { evidence }
  }
  if (facts.processes.length === 0) {
    const where =
      facts.daemon === 0 ? `no PM2 of ${facts.user} runs` : `PM2 of ${facts.user} has no ${p.name}`
    return {
      outcome: 'would_change',
      because: `${where}; it would be started`,
      changes: changesOf(p, facts, drawn, []),
      ...seen(dropped),
    }
  }
  if (reasons.length > 0) {
    const drop = dropped.length === 0 ? '' : `; would drop ${dropped.join(', ')}`
    return {
      outcome: 'would_change',
      because: `${reasons.join('; ')}${drop}`,
      changes: changesOf(p, facts, drawn, dropped),
      ...seen(dropped),
    }
  }
  const since = facts.processes
    .map((process) => process.since)
    .sort()
    .at(-1)!
  const extra = dropped.length === 0 ? '' : `; also holds ${dropped.join(', ')}, which a restart would drop`
  const port = facts.port === undefined ? '' : `, port ${facts.port.number} listens`
  return {
    outcome: 'in_sync',
    because: `online since ${since}${port}, cwd and environment as wanted${extra}`,
    changes: [],
    ...seen([]),
  }
}
