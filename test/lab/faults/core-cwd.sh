# host: core-1
# title: Core runs without its .env: started from the wrong folder, every login fails
#
# Report 004: someone deleted Core and started it by hand, without --cwd and without its environment. There it was
# root's home; PM2 runs as deploy here, who cannot enter /root, so it is deploy's own home.

error_log=/home/deploy/.pm2/logs/core-backend-error.log
as_deploy() { runuser -u deploy -- env -i -C /home/deploy HOME=/home/deploy USER=deploy PATH="$PATH" "$@"; }
status() { curl -s -o /dev/null -w '%{http_code}' --max-time 3 "$@" || true; }

as_deploy pm2 delete core-backend > /dev/null
as_deploy pm2 start /opt/core/backend/src/server.js --name core-backend --time > /dev/null
for _ in $(seq 100); do [ "$(status http://127.0.0.1:3002/health)" = 200 ] && break; sleep 0.05; done

[ "$(status http://127.0.0.1:3002/health)" = 200 ]
login=$(status -X POST -H 'Content-Type: application/json' -d '{"username":"ana","password":"practice"}' \
  http://127.0.0.1:3002/auth/login)
[ "$login" = 500 ] || { echo "login answers $login"; exit 1; }
for _ in $(seq 40); do grep -q 'asymmetric key when using RS256' "$error_log" && exit 0; sleep 0.05; done
echo "no RS256 message in $error_log"
exit 1
