# Run in a chroot: Core and DMAPI as report 004 has them, and nginx in front of DMAPI.

core=/opt/core/backend
release=/opt/dmapi/releases/20251020T221800
install -d "$core/keys" "$release"
cp -r /tmp/seed/payload/package.json /tmp/seed/payload/src "$core/"
cp -r /tmp/seed/payload/package.json /tmp/seed/payload/src /tmp/seed/payload/dmapi "$release/"
ln -s releases/20251020T221800 /opt/dmapi/current

cat > "$core/.env" <<'END'
# Core, production
DB_HOST=db.example.net
DB_PORT=5432
DB_USER=core
DB_PASSWORD=practice-db-9Qx4vT
DB_NAME=core
JWT_PRIVATE_KEY_FILE=keys/jwt.pem
JWT_ACTIVE_KID=core-2025-10
JWT_AUDIENCE=5f0c2d1e-7b6a-4c39-9e58-2a1d4b8c7e60
JWT_ISSUER=https://core.example.net
ALLOWED_ORIGINS=https://media.example.net
END
cat > "$release/.env" <<'END'
PORT=4100
HOST=127.0.0.1
CORE_JWKS_URL=http://127.0.0.1:3002/.well-known/jwks.json
JWT_ISSUER=https://core.example.net
CORE_APP_ID=5f0c2d1e-7b6a-4c39-9e58-2a1d4b8c7e60
END
openssl genrsa -out "$core/keys/jwt.pem" 2048 2> /dev/null
chmod 700 "$core/keys"
chmod 600 "$core/keys/jwt.pem" "$core/.env" "$release/.env"
chown -R deploy:deploy /opt/core /opt/dmapi

ln -s ../sites-available/media /etc/nginx/sites-enabled/media
systemctl disable --quiet caddy.service
