import { describe, expect, it } from 'vitest'
import { covers, parseListeners } from '../../src/checks/shared/listening.ts'

describe('listening sockets', () => {
  it('reads ss', () => {
    const text = [
      'ss',
      'LISTEN 0      511        127.0.0.1:3002      0.0.0.0:*    users:(("node",pid=12,fd=20),("node",pid=13,fd=20))',
      'LISTEN 0      128             [::]:22           [::]:*',
      'LISTEN 0      4096   127.0.0.53%lo:53        0.0.0.0:*',
      'LISTEN 0      4096               *:80              *:*',
    ].join('\n')
    expect(parseListeners(text)).toEqual([
      { address: '127.0.0.1', port: 3002, process: 'node, pid 12' },
      { address: '::', port: 22 },
      { address: '127.0.0.53', port: 53 },
      { address: '*', port: 80 },
    ])
  })

  it('reads /proc/net/tcp and tcp6', () => {
    const text = [
      'proc',
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:0BBA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1',
      '   1: 0100007F:0BBA 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 2 1',
      '   2: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 3',
      '   3: 0000000000000000FFFF00000100007F:1004 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 4',
      '   4: 00000000000000000000000001000000:1005 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 5',
    ].join('\n')
    expect(parseListeners(text)).toEqual([
      { address: '127.0.0.1', port: 3002 },
      { address: '::', port: 22 },
      { address: '127.0.0.1', port: 4100 },
      { address: '::1', port: 4101 },
    ])
  })

  it('reads netstat', () => {
    const text =
      'netstat\nProto Recv-Q Send-Q  Local Address          Foreign Address        (state)\ntcp4       0      0  127.0.0.1.3002         *.*                    LISTEN\ntcp46      0      0  *.4100                 *.*                    LISTEN\n'
    expect(parseListeners(text)).toEqual([
      { address: '127.0.0.1', port: 3002 },
      { address: '*', port: 4100 },
    ])
    expect(parseListeners('sh: not found')).toBeUndefined()
  })

  it.each([
    ['0.0.0.0', '127.0.0.1', true],
    ['0.0.0.0', '::1', false],
    ['::', '127.0.0.1', true],
    ['*', '::1', true],
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '10.0.0.1', false],
  ])('%s covers %s: %s', (address, wanted, yes) => {
    expect(covers({ address, port: 1 }, wanted)).toBe(yes)
  })
})
