/**
 * What every PM2 script below begins with: JavaScript for the host's own Node (12 or newer), sent as fixed text on
 * stdin. PM2 is always run with a small environment of its own, so that nothing of the SSH session or of sitrep leaks
 * into a daemon or an application.
 */
export const commonScript = String.raw`'use strict'
const fs = require('fs'), os = require('os'), path = require('path'), cp = require('child_process')
const crypto = require('crypto')
process.on('uncaughtException', (e) => { process.stderr.write(e.message + '\n'); process.exit(1) })
const tryTo = (fn, otherwise) => { try { return fn() } catch (e) { return otherwise } }
const uid = process.getuid()
const me = tryTo(() => os.userInfo(), { username: String(uid), homedir: process.env.HOME || '/' })
// sudo may leave the caller's HOME: take it only where it is ours.
const given = process.env.HOME
const home = given && tryTo(() => fs.statSync(given).uid === uid, false) ? given : me.homedir
const pm2Home = process.env.PM2_HOME || path.join(home, '.pm2')
const stateDir = path.join(given === home && process.env.XDG_STATE_HOME || path.join(home, '.local', 'state'), 'sitrep', 'pm2')
const linux = fs.existsSync('/proc/self/stat')
const sha = (text) => crypto.createHash('sha256').update(text).digest('hex')
const readable = (file) => tryTo(() => fs.readFileSync(file, 'utf8'), '')

function cleanEnv(more) {
  const env = { HOME: home, PM2_HOME: pm2Home, USER: me.username, LOGNAME: me.username, PATH: process.env.PATH || '/usr/local/bin:/usr/bin:/bin' }
  for (const key of ['LANG', 'LC_ALL', 'TZ', 'NVM_DIR']) if (process.env[key]) env[key] = process.env[key]
  return Object.assign(env, more)
}

function pm2(bin, args, more) {
  const r = cp.spawnSync(bin, args.concat('--no-color'), { env: cleanEnv(more), cwd: '/', encoding: 'utf8', maxBuffer: 64 << 20 })
  if (r.error && r.error.code === 'ENOENT') throw new Error('pm2 not found: ' + bin)
  if (r.error) throw r.error
  return r
}

function which(name) {
  if (name.includes('/')) return fs.existsSync(name) ? name : undefined
  for (const dir of (process.env.PATH || '').split(':')) {
    const file = path.join(dir || '.', name)
    if (tryTo(() => { fs.accessSync(file, fs.constants.X_OK); return fs.statSync(file).isFile() }, false)) return file
  }
}

const title = /^PM2 v[^:]*: God Daemon \((.*?)\)?\s*$/

// Every process: {pid, ppid, uid, user, args}. Processes of a nested pid namespace (a container) are not this host's.
function processes() {
  if (!linux) {
    const out = cp.spawnSync('ps', ['-axww', '-o', 'pid=,ppid=,uid=,user=,args='], { encoding: 'utf8', maxBuffer: 64 << 20 }).stdout || ''
    return out.split('\n').map((l) => /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(l)).filter(Boolean)
      .map((m) => ({ pid: +m[1], ppid: +m[2], uid: +m[3], user: m[4], args: m[5] }))
  }
  const names = {}
  for (const line of readable('/etc/passwd').split('\n')) { const f = line.split(':'); if (f[2]) names[f[2]] = names[f[2]] || f[0] }
  const depth = (/^NSpid:\s*(.*)$/m.exec(readable('/proc/self/status')) || ['', ''])[1].split(/\s+/).length
  return tryTo(() => fs.readdirSync('/proc'), []).filter((n) => /^\d+$/.test(n)).map((pid) => {
    const status = readable('/proc/' + pid + '/status')
    const get = (key) => (new RegExp('^' + key + ':\\s*(.*)$', 'm').exec(status) || ['', ''])[1]
    if (!status || get('NSpid').split(/\s+/).length > depth) return undefined
    const owner = get('Uid').split(/\s+/)[0]
    return { pid: +pid, ppid: +get('PPid'), uid: +owner, user: names[owner] || owner, args: readable('/proc/' + pid + '/cmdline').replace(/\0/g, ' ').trim() }
  }).filter(Boolean)
}

function daemons(all) {
  return all.map((p) => { const m = title.exec(p.args); return m && { pid: p.pid, uid: p.uid, user: p.user, home: m[1] } }).filter(Boolean)
}

// Our own daemon, or undefined: 'pm2 jlist' would start one.
function ownDaemon(all) {
  const pid = +readable(path.join(pm2Home, 'pm2.pid')).trim()
  const mine = daemons(all).filter((d) => d.uid === uid)
  const real = tryTo(() => fs.realpathSync(pm2Home), pm2Home)
  return mine.find((d) => d.pid === pid) || mine.find((d) => d.home && (d.home === pm2Home || d.home === real || (d.home.length > 12 && pm2Home.startsWith(d.home))))
}

// The list that 'pm2 jlist' prints, behind whatever it says first.
function jlist(bin) {
  const r = pm2(bin, ['jlist'])
  for (let at = r.stdout.indexOf('['); at !== -1; at = r.stdout.indexOf('[', at + 1)) {
    const list = tryTo(() => JSON.parse(r.stdout.slice(at, r.stdout.lastIndexOf(']') + 1)))
    if (Array.isArray(list) && list.every((a) => a && typeof a === 'object' && a.pm2_env)) return list
  }
  throw new Error('pm2 jlist printed no list (exit ' + r.status + '): ' + (r.stderr || r.stdout).trim().split('\n').pop())
}

const named = (list, name) => list.filter((a) => a.name === name && !a.pm2_env.pmx_module).sort((a, b) => a.pm_id - b.pm_id)

const inner = new Set(['pm_id', 'instances', 'pm_uptime', 'restart_time', 'unstable_restarts', 'created_at', 'axm_actions', 'axm_monitor', 'axm_options',
  'axm_dynamic', 'prev_restart_delay', 'version', 'versioning', 'node_version', 'vizion_running', 'exit_code', 'unique_id', '_pm2_version', 'km_link', 'status'])

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted)
  if (!value || typeof value !== 'object') return value
  const out = {}
  for (const key of Object.keys(value).sort()) out[key] = sorted(value[key])
  return out
}

// Everything needed to start the processes again, in the form of dump.pm2, without what changes while they run.
function definition(apps) {
  return JSON.stringify(apps.map((a) => {
    const d = {}
    for (const key of Object.keys(a.pm2_env)) if (!inner.has(key)) d[key] = a.pm2_env[key]
    if (d.env) { d.env = Object.assign({}, d.env); delete d.env.unique_id }
    if (a.pm2_env.status === 'stopped' || a.pm2_env.status === 'errored') d.status = 'stopped'
    return sorted(d)
  })) + '\n'
}

// What the process really gets: a restart with --update-env changes the top level, not only env.
function effective(e) {
  const env = {}
  for (const key of Object.keys(e.env || {})) {
    const value = e[key] !== undefined && e[key] !== null && typeof e[key] !== 'object' ? e[key] : e.env[key]
    if (value !== undefined && value !== null && typeof value !== 'object') env[key] = String(value)
  }
  return env
}

// The wanted value of a variable; a secret one comes in our environment.
const wantedValue = (w) => w.from ? process.env[w.from] : w.value
`
