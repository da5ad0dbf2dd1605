# Ends with 0 once the host is healthy.
systemctl is-system-running --quiet || { systemctl --failed --plain --no-legend; systemctl list-jobs; exit 1; }
curl -fsS -o /dev/null http://127.0.0.1:8080/healthz
curl -fsS -o /dev/null http://localhost:2019/config/
for site in portal lims rims ops; do
  code=$(curl -sS -o /dev/null -w '%{http_code}' -H "Host: $site.example.net" http://127.0.0.1/)
  [ "$code" = 308 ] || { echo "$site answers $code"; exit 1; }
done
