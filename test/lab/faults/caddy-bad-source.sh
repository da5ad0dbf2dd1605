# host: edge-1
# title: The source of truth of the proxy does not parse; the running configuration is still fine
#
# A copy without `caddy validate` would put it live with the next restart.

source=/srv/proxy/caddy/Caddyfile
printf '\nhttp://billing.example.net {\n\treverse_proxy 127.0.0.1:8015\n' >> "$source"

# Caddy makes a folder in its home even to validate; that is not to count as a change of the host.
valid() { HOME=/tmp caddy validate --adapter caddyfile --config "$1" > /dev/null 2>&1; }
if valid "$source"; then echo "$source still parses"; exit 1; fi
valid /etc/caddy/Caddyfile
[ "$(curl -s -o /dev/null -w '%{http_code}' -H 'Host: ops.example.net' http://127.0.0.1/)" = 308 ]
