# Ends with 0 once the host is healthy.
systemctl is-system-running --quiet || { systemctl --failed --plain --no-legend; systemctl list-jobs; exit 1; }
curl -fsS -o /dev/null http://127.0.0.1:3002/health
curl -fsS -o /dev/null http://127.0.0.1:4100/health
curl -fsS -o /dev/null -H 'Host: media.example.net' http://127.0.0.1/api/core/health
