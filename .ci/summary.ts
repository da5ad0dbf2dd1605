// Reads vitest's JSON report: prints how long each group took, fails where a test was skipped, and closes with the
// one line that a reader of the log looks for.
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numFailedTestSuites: number
  testResults: {
    name: string
    startTime: number
    endTime: number
    assertionResults: { status: string; fullName: string }[]
  }[]
}

const [file = '', failedBefore = '0'] = process.argv.slice(2)
const report = JSON.parse(readFileSync(file, 'utf8')) as Report

const seconds = new Map<string, number>()
for (const { name, startTime, endTime } of report.testResults) {
  const group = relative(process.cwd(), name).split('/').slice(0, 2).join('/')
  seconds.set(group, (seconds.get(group) ?? 0) + (endTime - startTime) / 1000)
}
for (const [group, took] of [...seconds].sort((a, b) => b[1] - a[1]))
  console.log(`${took.toFixed(1).padStart(8)} s  ${group}`)

const skipped = report.testResults.flatMap(({ assertionResults }) =>
  assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed'),
)
for (const { fullName } of skipped) console.log(`skipped: ${fullName}`)

const failed = report.numFailedTests + skipped.length
console.log(`${report.numPassedTests} passed, ${failed} failed`)
process.exitCode = failed > 0 || report.numFailedTestSuites > 0 || failedBefore !== '0' ? 1 : 0
