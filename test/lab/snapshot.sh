# Prints what a test may compare before and after: files, processes, listening ports. What changes by itself
# (PM2's logs and pids, sessions, helpers that systemd starts on demand) is left out.
export LC_ALL=C
echo '# files: type mode owner path, then sha256 or link target'
find /etc /opt /home /root /srv /var/www -xdev \
  \( -path '/home/*/.pm2/logs' -o -path '/home/*/.pm2/pids' -o -name .bash_history -o -path '/root/.pm2/*' \) -prune -o \
  ! -name '*.sock' ! -path '/home/*/.pm2/pm2.*' ! -path '/home/*/.pm2/touch' -printf '%y %m %u:%g %p\t%l\0' |
  sort -z -t ' ' -k 4 |
  while IFS= read -r -d '' line; do
    path=${line#* * * } path=${path%$'\t'*}
    case $line in
      f*) sum=$(sha256sum < "$path"); printf '%s%s\n' "$line" "${sum%% *}" ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
echo '# processes: uid args'
# Parent 0 marks what was let in from outside, such as this very script.
ps -eo pid=,ppid=,uid=,args= | awk '
  { pid = $1; parent[pid] = $2; uid[pid] = $3; $1 = $2 = $3 = ""; sub(/^ +/, ""); args[pid] = $0 }
  END {
    for (pid in args) {
      top = pid
      while (parent[top] > 1) top = parent[top]
      if (parent[top] == 0 && top != 1) continue
      if (args[pid] ~ /^sshd: / && args[pid] !~ /listener/) continue
      if (args[pid] ~ /^(\/lib\/systemd\/systemd --user|\/usr\/lib\/systemd\/systemd --user|\(sd-pam\))/) continue
      if (args[pid] ~ /systemd-(hostnamed|timedated|localed|tmpfiles|user-runtime)|dbus-daemon --session/) continue
      sub(/ [0-9]+ of [0-9-]+ startups/, "", args[pid])
      print uid[pid], args[pid]
    }
  }' | sort
echo '# listening: protocol address process'
ss -Hltunp | awk '{ name = $7; sub(/^users:\(\("/, "", name); sub(/".*/, "", name); print $1, $5, name }' | sort -u
