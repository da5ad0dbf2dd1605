# host: core-1
# title: DMAPI does not allow the audience of Core's tokens: users are logged out at once
#
# Report 004, second part: Core's tokens carry the app id as audience, and DMAPI's .env does not name it.

as_deploy() { runuser -u deploy -- env -i -C /home/deploy HOME=/home/deploy USER=deploy PATH="$PATH" "$@"; }

sed -i '/^CORE_APP_ID=/d' /opt/dmapi/current/.env
as_deploy pm2 restart dmapi-backend > /dev/null
for _ in $(seq 100); do curl -fs -o /dev/null http://127.0.0.1:4100/health && break; sleep 0.05; done

token=$(curl -fsS -X POST -H 'Content-Type: application/json' -d '{"username":"ana","password":"practice"}' \
  http://127.0.0.1:3002/auth/login | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
answer=$(curl -sS -w ' %{http_code}' -H "Authorization: Bearer $token" http://127.0.0.1:4100/api/items)
[ "$answer" = '{"error":"audience not allowed"} 401' ] || { echo "DMAPI answers $answer"; exit 1; }
