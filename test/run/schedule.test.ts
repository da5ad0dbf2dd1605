import { describe, expect, it } from 'vitest'
import type { Unit } from '../../src/run/context.ts'
import { batchesOf, blocksOf, scheduleUnits, unitsFrom } from '../../src/run/schedule.ts'
import { ownUnit } from './bench.ts'

const step = (
  id: string,
  o: { uses?: string; hosts?: string[]; serial?: number | string; maxFailures?: number } = {},
) => ownUnit({}, { id, ...o }).step
const names = (units: readonly Unit[]) => units.map(({ step, host }) => `${step.id}@${host}`)

describe('scheduleUnits', () => {
  const both = ['h1', 'h2']

  it('fault 47: does a block whole on its first host before it begins on the next', () => {
    const steps = [step('a'), step('b'), step('c', { hosts: ['e1'] }), step('d')]
    expect(names(scheduleUnits(steps, ({ hosts }) => hosts ?? both))).toEqual([
      'a@h1',
      'b@h1',
      'a@h2',
      'b@h2',
      'c@e1',
      'd@h1',
      'd@h2',
    ])
  })

  it('fault 47: takes one host alone until one came through, then as many at a time as serial says', () => {
    const hosts = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'h7', 'h8', 'h9']
    const batches = (serial: number | string | undefined, provenAfter = 1) => {
      const [block] = blocksOf(
        scheduleUnits([step('a', serial === undefined ? {} : { serial })], () => hosts),
      )
      let begun = 0
      const found: number[] = []
      for (const batch of batchesOf(hosts, block?.atATime ?? 0, () => begun >= provenAfter)) {
        found.push(batch.length)
        begun += batch.length
      }
      return found
    }
    expect(batches(undefined)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1])
    expect(batches(3)).toEqual([1, 3, 3, 2])
    expect(batches('50%')).toEqual([1, 4, 4])
    expect(batches('1%')).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1])
    expect(batches('100%')).toEqual([1, 8])
    expect(batches(4, 3)).toEqual([1, 1, 1, 4, 2])
  })

  it('steps that differ in how many hosts at a time are blocks of their own', () => {
    const steps = [
      step('a', { serial: 2 }),
      step('b', { serial: 2 }),
      step('c'),
      step('d', { maxFailures: 1 }),
    ]
    const units = scheduleUnits(steps, () => ['h1', 'h2', 'h3'])
    expect(names(units).slice(0, 6)).toEqual(['a@h1', 'b@h1', 'a@h2', 'b@h2', 'a@h3', 'b@h3'])
    expect(blocksOf(units).map(({ units: [first], mayFail }) => [first?.step.id, mayFail])).toEqual([
      ['a', 0],
      ['c', 0],
      ['d', 1],
    ])
  })

  it('asks a person once, on the first of the hosts', () => {
    const steps = [step('a'), step('look', { uses: 'manual' }), step('b')]
    expect(names(scheduleUnits(steps, () => both))).toEqual(['a@h1', 'a@h2', 'look@h1', 'b@h1', 'b@h2'])
    expect(scheduleUnits([], () => both)).toEqual([])
  })
})

describe('unitsFrom', () => {
  const steps = [step('a'), step('b'), step('c')]
  const units = scheduleUnits(steps, () => ['h1', 'h2'])

  it('leaves out the steps before, on every host', () => {
    expect(names(unitsFrom(units, undefined, steps))).toEqual(names(units))
    expect(names(unitsFrom(units, 'a', steps))).toEqual(names(units))
    expect(names(unitsFrom(units, 'b', steps))).toEqual(['b@h1', 'c@h1', 'b@h2', 'c@h2'])
  })

  it('takes in what a later host never had, where an earlier run says so', () => {
    const open = ({ step, host }: Unit) => !(step.id === 'a' && host === 'h1')
    expect(names(unitsFrom(units, 'b', steps, open))).toEqual(['b@h1', 'c@h1', 'a@h2', 'b@h2', 'c@h2'])
    expect(names(unitsFrom(units, 'b', steps, () => true))).toEqual(['b@h1', 'c@h1', 'a@h2', 'b@h2', 'c@h2'])
  })
})
