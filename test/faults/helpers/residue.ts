import { setTimeout as sleep } from 'node:timers/promises'

/** Lists (but for the login's own systemd, which stays a while), one in a line: folders of jobs and reverts, files of locks, and the processes of the login user and of sitrep. */
const listing = (user: string) => `
for d in /home/${user} /root; do ls -d $d/.local/state/sitrep/*/* 2>/dev/null; done
find /run/lock/sitrep -mindepth 1 ! -name '.last-*' 2>/dev/null
ps -eo user=,pid=,stat=,args= | awk '$3 !~ /^Z/ && ($1 == "${user}" || $4 == "sshd:" && $5 ~ /^${user}/ || /sitrep/) && !/awk|systemd --user|sd-pam/ { $3 = ""; print "process of " substr($0, 1, 200) }'
:`

/** What a host has of sitrep beyond what it had when this was called, and beyond what is known to be there. */
export async function residueOf(
  root: (command: string) => Promise<string>,
  user: string,
): Promise<(known?: readonly string[]) => Promise<string[]>> {
  const look = async () => (await root(listing(user))).split('\n').filter((line) => line !== '')
  const before = new Set(await look())
  return async (known = []) => {
    const more = async () => (await look()).filter((line) => !before.has(line) && !known.includes(line))
    // What ends with a connection does so a moment after it.
    const end = Date.now() + 10_000
    for (;;) {
      const found = await more()
      if (found.length === 0 || Date.now() > end) return found
      await sleep(50)
    }
  }
}
