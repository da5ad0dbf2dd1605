# host: edge-1
# title: The effective Caddyfile lacks the block of ops.example.net
#
# Report 000: /etc/caddy/Caddyfile was not synchronized with the source of truth. Caddy answers a host that it does
# not know with 200 and an empty body.

sed -i '/^http:\/\/ops\.example\.net {/,/^}/d' /etc/caddy/Caddyfile
timeout 20 systemctl reload caddy.service

if cmp -s /etc/caddy/Caddyfile /srv/proxy/caddy/Caddyfile; then echo 'the files are the same'; exit 1; fi
status() { curl -s -o /dev/null -w '%{http_code}' -H "Host: $1.example.net" http://127.0.0.1/; }
[ "$(status ops)" != 308 ] || { echo 'ops still answers 308'; exit 1; }
[ "$(status portal)" = 308 ] || { echo 'portal no longer answers 308'; exit 1; }
