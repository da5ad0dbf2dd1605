/** What every change of a PM2 application begins with. */
const base = String.raw`
const temporary = []
process.on('exit', () => { for (const file of temporary) tryTo(() => fs.unlinkSync(file)) })

function secretFile(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  fs.chmodSync(path.dirname(file), 0o700)
  fs.writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
}

// Cut again where it is shown. The last line of what is cut here may end inside of a secret, so it is left out.
function bounded(text) {
  if (text.length <= 65536) return text
  const head = text.slice(0, 65536)
  return head.slice(0, head.lastIndexOf('\n') + 1)
}

function must(r, doing) {
  if (r.status === 0) return
  const said = (r.stderr + '\n' + r.stdout).split('\n').filter((l) => /error|not found|fail/i.test(l)).slice(0, 5).join('\n') || r.stderr.trim() || r.stdout.trim()
  throw new Error(doing + ' failed (exit ' + r.status + ')\n' + bounded(said))
}

function current() {
  return ownDaemon(processes()) ? named(jlist(input.pm2), input.name) : []
}

// By id: a name may also be a namespace, a pattern or 'all' to PM2.
function remove() {
  const ids = current().map((a) => String(a.pm_id))
  if (ids.length > 0) must(pm2(input.pm2, ['delete'].concat(ids)), 'pm2 delete')
  return ids.length
}

function report(did) {
  const apps = current().map((a) => ({ pm_id: a.pm_id, pid: a.pid, restarts: a.pm2_env.restart_time, status: a.pm2_env.status }))
  process.stdout.write(JSON.stringify({ did, processes: apps }) + '\n')
}
`

/** Reads the former definition, which must be the one that was saved. */
const former = `
function formerText() {
  const text = fs.readFileSync(input.former.path, 'utf8')
  if (sha(text) !== input.former.sha256) throw new Error(input.former.path + ' is not what was saved: its sha256 is ' + sha(text))
  return text
}
`

/** Makes the wanted definition out of the parameters and what is kept of the former one. */
const wanted = `
// Options of the former definition that the wanted one does not speak of, kept: a limit of memory, its log files, its instances.
const kept = ['namespace', 'max_memory_restart', 'max_restarts', 'min_uptime', 'restart_delay', 'exp_backoff_restart_delay', 'kill_timeout', 'listen_timeout', 'wait_ready',
  'shutdown_with_message', 'autorestart', 'cron_restart', 'watch', 'ignore_watch', 'watch_delay', 'watch_options', 'merge_logs', 'log_date_format', 'log_type',
  'instance_var', 'increment_var', 'stop_exit_codes', 'vizion', 'treekill', 'uid', 'gid', 'source_map_support', 'disable_source_map_support', 'disable_logs']

function wantedDefinition(former) {
  const def = { name: input.name, cwd: input.cwd, time: true, env: {} }
  const was = former[0]
  if (was) {
    for (const key of kept) if (was[key] !== undefined && was[key] !== null) def[key] = was[key]
    const env = effective(was)
    for (const key of input.keep) if (env[key] !== undefined) def.env[key] = env[key]
    const sameProgram = was.pm_exec_path === input.script
    if (sameProgram && was.args !== undefined) def.args = was.args
    if (sameProgram && !input.interpreter) def.interpreter = was.exec_interpreter
    if (sameProgram && was.node_args && was.node_args.length > 0) def.node_args = was.node_args
    if (sameProgram && (was.exec_mode === 'cluster_mode' || former.length > 1)) { def.exec_mode = was.exec_mode; def.instances = former.length }
    const usual = path.join(pm2Home, 'logs') + '/'
    if (was.pm_out_log_path && !was.pm_out_log_path.startsWith(usual)) def.out_file = was.pm_out_log_path
    if (was.pm_err_log_path && !was.pm_err_log_path.startsWith(usual)) def.error_file = was.pm_err_log_path
  }
  if (input.args) def.args = input.args
  if (input.interpreter) def.interpreter = input.interpreter
  for (const key of Object.keys(input.wanted)) {
    const value = wantedValue(input.wanted[key])
    if (value === undefined) throw new Error('the secret for ' + key + ' did not arrive')
    def.env[key] = value
  }
  // PM2 takes a script with a space for a shell command (field notes); relative to the working directory it has none.
  def.script = input.script.includes(' ') ? path.relative(input.cwd, input.script) : input.script
  return def
}
`

/** Keeps the former definition in a 0600 file. */
const save = String.raw`
const text = definition(current())
if (sha(text) !== input.former.sha256) throw new Error('the definition of ' + input.name + ' changed since it was inspected: plan again')
secretFile(input.former.path, text)
process.stdout.write(JSON.stringify({ did: 'saved', path: input.former.path, sha256: input.former.sha256 }) + '\n')
`

/** Deletes what has the name and starts the wanted definition, from a 0600 file that goes away with the script. */
const start = `
const was = input.former ? JSON.parse(formerText()) : []
if (!input.former && current().length > 0) throw new Error(input.name + ' was started by somebody else since it was inspected: plan again')
const file = path.join(stateDir, 'start-' + crypto.randomBytes(8).toString('hex') + '.json')
const text = JSON.stringify([wantedDefinition(was)])
temporary.push(file)
secretFile(file, text)
remove()
must(pm2(input.pm2, ['start', file]), 'pm2 start')
report('started')
`

/** Deletes what has the name and starts the former definition, as 'pm2 resurrect' does with a whole dump. */
const restore = `
const was = JSON.parse(formerText())
remove()
must(pm2(input.pm2, ['resurrect'], { PM2_DUMP_FILE_PATH: input.former.path, PM2_DUMP_BACKUP_FILE_PATH: input.former.path }), 'pm2 resurrect')
if (current().length !== was.length) throw new Error('pm2 did not bring back ' + input.name)
report('restored')
`

/** JavaScript for the host, by what it does to one PM2 application. */
export const changeScripts = {
  save: base + save,
  start: base + former + wanted + start,
  restore: base + former + restore,
  remove: `${base}\nremove()\nreport('removed')\n`,
} as const
