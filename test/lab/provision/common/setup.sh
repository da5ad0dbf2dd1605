# Run in a chroot of every host: the users, SSH, and only what a server runs.

echo "$HOSTNAME" > /etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost ip6-localhost\n' "$HOSTNAME" > /etc/hosts
: > /etc/resolv.conf
systemd-machine-id-setup > /dev/null

while IFS=: read -r name uid password; do
  useradd --uid "$uid" --create-home --shell /bin/bash "$name"
  [ -z "$password" ] || echo "$name:$password" | chpasswd
done < /tmp/seed/users
printf 'deploy ALL=(ALL:ALL) NOPASSWD: ALL\n' > /etc/sudoers.d/deploy
printf 'ops ALL=(ALL:ALL) ALL\n' > /etc/sudoers.d/ops
chmod 440 /etc/sudoers.d/deploy /etc/sudoers.d/ops

for user in root deploy ops plain; do
  home=$(getent passwd "$user" | cut -d: -f6)
  install -d -m 700 -o "$user" -g "$user" "$home/.ssh"
  install -m 600 -o "$user" -g "$user" /tmp/seed/client.pub "$home/.ssh/authorized_keys"
done
rm -f /etc/ssh/ssh_host_*
install -m 600 /tmp/seed/hostkeys/ssh_host_*_key /etc/ssh/
install -m 644 /tmp/seed/hostkeys/ssh_host_*_key.pub /etc/ssh/

ln -s ../lib/nodejs/bin/node /usr/local/bin/node
ln -s ../lib/nodejs/node_modules/pm2/bin/pm2 /usr/local/bin/pm2
ln -s ../lib/nodejs/node_modules/pm2/bin/pm2-runtime /usr/local/bin/pm2-runtime

# Timers that start on their own would show up between two snapshots.
systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
  fstrim.timer systemd-tmpfiles-clean.timer systemd-update-utmp.service getty.target console-getty.service
rm -f /etc/nginx/sites-enabled/default
systemctl enable --quiet lab-address.service
