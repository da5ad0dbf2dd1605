# Run once in the booted host: PM2 writes its own process list and unit, as on any host.

as_deploy() { runuser -u deploy -- env -i -C /home/deploy HOME=/home/deploy USER=deploy PATH="$PATH" "$@"; }

as_deploy NODE_ENV=production PORT=3002 BIND_ADDR=127.0.0.1 \
  pm2 start /opt/core/backend/src/server.js --name core-backend --time --cwd /opt/core/backend
as_deploy NODE_ENV=production PORT=4100 \
  pm2 start /opt/dmapi/current/dmapi/server.js --name dmapi-backend --time --cwd /opt/dmapi/current
as_deploy pm2 save
as_deploy pm2 kill
pm2 startup systemd -u deploy --hp /home/deploy
systemctl stop pm2-deploy.service
rm -rf /root/.pm2
