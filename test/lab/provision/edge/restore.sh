# Run in the host after the managed files are back.
systemctl daemon-reload
systemctl reset-failed
systemctl kill --kill-who=control --signal=KILL caddy.service 2> /dev/null || true
systemctl restart caddy.service nginx.service
