# host: edge-1
# title: systemctl reload caddy never comes back
#
# As caddyserver/caddy #7385 has it. The unit has no limit for a reload, so only the caller's own timeout helps.

install -d /etc/systemd/system/caddy.service.d
printf '[Service]\nTimeoutStartSec=infinity\nExecReload=\nExecReload=/bin/sleep infinity\n' \
  > /etc/systemd/system/caddy.service.d/reload.conf
systemctl daemon-reload

code=0
timeout 1 systemctl reload caddy.service || code=$?
[ "$code" = 124 ] || { echo "reload ended with $code"; exit 1; }
# The reload of this look would block the next one: end it, and leave Caddy running.
systemctl kill --kill-who=control --signal=KILL caddy.service
for _ in $(seq 40); do systemctl is-active --quiet caddy.service && exit 0; sleep 0.05; done
systemctl is-active caddy.service
