# Run in the host after the managed files are back: PM2 starts from its saved list again.
systemctl daemon-reload
systemctl reset-failed
runuser -u deploy -- env -i -C /home/deploy HOME=/home/deploy PATH="$PATH" pm2 kill > /dev/null
systemctl restart pm2-deploy.service
systemctl restart nginx.service
