# host: edge-1
# title: A site of nginx does not parse; the running workers are still fine

sed -i 's/^    root .*$/&\n    gzip_static onn;/' /etc/nginx/sites-available/status

if nginx -t 2> /dev/null; then echo 'the configuration still parses'; exit 1; fi
curl -fsS -o /dev/null http://127.0.0.1:8080/healthz
