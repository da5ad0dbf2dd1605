// Bundles the CLI with its lazily loaded chunks (the console among them) into dist/, and copies what the practice
// outage needs on disk.
import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

const empty = join(root, '.ci', 'empty.ts')

/** ssh2 loads its agents for HTTP and HTTPS, and with them Node's clients, at every start; sitrep uses none of them. */
const withoutHttp: Plugin = {
  name: 'ssh2 without its agents for HTTP',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/http-agents\.js$/ }, ({ importer }) =>
      importer.endsWith(join('ssh2', 'lib', 'index.js')) ? { path: empty } : undefined,
    )
  },
}

rmSync(dist, { recursive: true, force: true })
await build({
  absWorkingDir: root,
  entryPoints: { cli: 'src/cli/main.ts' },
  outdir: dist,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.12',
  jsx: 'automatic',
  minifySyntax: true,
  minifyWhitespace: true,
  define: { 'process.env.NODE_ENV': '"production"' },
  // Ink's development tools are a load-time import that production never uses; ssh2's native parts are optional.
  alias: { 'react-devtools-core': empty, 'restore-cursor': join(root, '.ci', 'noCursor.ts') },
  plugins: [withoutHttp],
  external: ['*.node', 'cpu-features'],
  // CommonJS packages inside an ES module bundle want what a CommonJS module is given.
  banner: {
    js: [
      "import { createRequire as __createRequire } from 'node:module';",
      'const require = __createRequire(import.meta.url);',
      'const __filename = import.meta.filename, __dirname = import.meta.dirname;',
    ].join(' '),
  },
  legalComments: 'none',
  logLevel: 'warning',
})

for (const folder of ['core', 'edge', 'runbooks', 'shims']) {
  const from = join(root, 'src', 'demo', folder)
  if (existsSync(from)) cpSync(from, join(dist, 'demo', folder), { recursive: true })
}
