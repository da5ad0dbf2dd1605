/** Looks at one PM2 application and prints facts as one line of JSON: names of variables, never a secret's value. */
export const lookScript = String.raw`
// Children of the pids, with themselves.
function family(all, pids) {
  const found = new Set(pids)
  for (let grew = true; grew;) {
    grew = false
    for (const p of all) if (!found.has(p.pid) && found.has(p.ppid)) { found.add(p.pid); grew = true }
  }
  return found
}

function listeners(port) {
  if (!linux) {
    const out = cp.spawnSync('lsof', ['-nP', '-iTCP:' + port, '-sTCP:LISTEN', '-t'], { encoding: 'utf8' }).stdout || ''
    const pids = out.split('\n').filter(Boolean).map(Number)
    return { listening: pids.length > 0, pids, whole: true }
  }
  const inodes = new Set()
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readable(file).split('\n').slice(1)) {
      const f = line.trim().split(/\s+/)
      if (f[3] === '0A' && parseInt((f[1] || '').split(':')[1], 16) === port) inodes.add('socket:[' + f[9] + ']')
    }
  }
  const pids = []
  let whole = true
  if (inodes.size > 0) for (const pid of fs.readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
    try {
      const dir = '/proc/' + pid + '/fd'
      if (fs.readdirSync(dir).some((fd) => inodes.has(tryTo(() => fs.readlinkSync(dir + '/' + fd), '')))) pids.push(+pid)
    } catch (e) { if (e.code === 'EACCES') whole = false }
  }
  return { listening: inodes.size > 0, pids, whole }
}

function portFacts(port, all, own, daemon) {
  const found = listeners(port)
  const pids = family(all, own)
  // In cluster mode the daemon listens for its workers.
  const mine = found.pids.some((pid) => pids.has(pid) || (daemon && own.length > 0 && pid === daemon.pid))
  const other = found.pids.map((pid) => all.find((p) => p.pid === pid)).find(Boolean)
  const facts = { number: port, listening: found.listening, mine }
  if (found.listening && !mine) facts.owner = other ? other.args.split(' ')[0].slice(0, 60) + ' (pid ' + other.pid + ', ' + other.user + ')' : found.whole ? 'unknown' : 'a process of another user'
  return facts
}

// Whether another user's daemon holds an application of this name: its pid files tell, where they may be read.
function holds(d, all, input) {
  const safe = input.name.replace(/[^a-zA-Z0-9\\.\\-]/g, '-')
  try {
    if (fs.readdirSync(path.join(d.home, 'pids')).some((f) => f.startsWith(safe) && /^-\d+\.pid$/.test(f.slice(safe.length)))) return 'yes'
    return 'no'
  } catch (e) {
    const children = family(all, [d.pid])
    if (input.script && all.some((p) => p.pid !== d.pid && children.has(p.pid) && p.args.includes(input.script))) return 'yes'
    return e.code === 'ENOENT' ? 'no' : 'unknown'
  }
}

function tail(file, lines) {
  try {
    const fd = fs.openSync(file, 'r'), size = fs.fstatSync(fd).size, length = Math.min(size, 8192), buffer = Buffer.alloc(length)
    fs.readSync(fd, buffer, 0, length, size - length)
    fs.closeSync(fd)
    // The first line of what was cut may begin inside of a secret.
    return buffer.toString('utf8').split('\n').slice(length < size ? 1 : 0).filter((l) => l.trim()).slice(-lines)
  } catch (e) { return [] }
}

function processFacts(a, input, all) {
  // One that was brought back as stopped has never been up, and has no pid.
  const e = a.pm2_env, env = effective(e), same = {}, up = Number(e.pm_uptime) || 0
  for (const key of Object.keys(input.wanted)) same[key] = env[key] === undefined ? 'absent' : env[key] === wantedValue(input.wanted[key]) ? 'same' : 'other'
  const values = {}
  for (const key of input.show) if (env[key] !== undefined) values[key] = env[key]
  const args = e.args === undefined ? [] : Array.isArray(e.args) ? e.args.map(String) : [String(e.args)]
  const facts = {
    pm_id: a.pm_id, pid: a.pid || 0, status: e.status, restarts: e.restart_time || 0, upMs: up ? Date.now() - up : 0, since: up ? new Date(up).toISOString() : '',
    cwd: e.pm_cwd, script: e.pm_exec_path, args, interpreter: e.exec_interpreter, mode: e.exec_mode, names: Object.keys(env).sort(), same, values,
    out: e.pm_out_log_path, err: e.pm_err_log_path,
  }
  const runsIn = linux && a.pid ? tryTo(() => fs.readlinkSync('/proc/' + a.pid + '/cwd')) : undefined
  if (runsIn && runsIn !== tryTo(() => fs.realpathSync(e.pm_cwd), e.pm_cwd)) facts.runsIn = runsIn
  if (input.errors) facts.errors = tail(e.pm_err_log_path, input.errors)
  return facts
}

function look(input) {
  const all = processes()
  const daemon = ownDaemon(all)
  const found = which(input.pm2)
  const facts = { user: me.username, env: cleanEnv(), pm2Home, stateDir, found: Boolean(found), daemon: daemon ? daemon.pid : 0, processes: [], others: [] }
  const list = daemon && found ? jlist(input.pm2) : []
  const apps = named(list, input.name)
  if (input.script) {
    const inCwd = path.resolve(input.cwd, input.script)
    const script = !fs.existsSync(inCwd) && !input.script.includes('/') && which(input.script) || inCwd
    facts.script = script
    facts.scriptExists = tryTo(() => fs.statSync(script).isFile(), false)
    facts.cwdExists = tryTo(() => fs.statSync(input.cwd).isDirectory(), false)
  }
  facts.processes = apps.map((a) => processFacts(a, input, all))
  if (apps.length > 0) facts.former = sha(definition(apps))
  // The change time, not the modification time: a file that was moved into place may carry an old one.
  const since = Math.min(...apps.filter((a) => a.pid).map((a) => Number(a.pm2_env.pm_uptime) || Infinity))
  const newer = (input.reads || []).filter((file) => tryTo(() => fs.statSync(file).ctimeMs, 0) > since)
  if (newer.length > 0) facts.newer = newer
  // A PM2_HOME that was chosen on purpose sets our own daemons apart; without one, a second of ours counts too.
  facts.others = daemons(all).filter((d) => d.uid !== uid || (!process.env.PM2_HOME && !(daemon && d.pid === daemon.pid)))
    .map((d) => ({ user: d.user, pid: d.pid, home: d.home, holds: holds(d, all, input) }))
  if (input.port) facts.port = portFacts(input.port, all, apps.map((a) => a.pid).filter(Boolean), daemon)
  return facts
}

process.stdout.write(JSON.stringify(look(input)) + '\n')
`
