# host: edge-1
# title: systemctl reload caddy fails, whatever the configuration

install -d /etc/systemd/system/caddy.service.d
printf '[Service]\nExecReload=\nExecReload=/bin/false\n' > /etc/systemd/system/caddy.service.d/reload.conf
systemctl daemon-reload

if timeout 20 systemctl reload caddy.service 2> /dev/null; then echo 'reload works'; exit 1; fi
systemctl is-active --quiet caddy.service
