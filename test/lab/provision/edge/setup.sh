# Run in a chroot: Caddy on port 80, nginx on 8080, and the proxy's source of truth under /srv.

install -m 644 /srv/proxy/caddy/Caddyfile /etc/caddy/Caddyfile
chown -R deploy:deploy /srv/proxy
ln -s ../sites-available/status /etc/nginx/sites-enabled/status
