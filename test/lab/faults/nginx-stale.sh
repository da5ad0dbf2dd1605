# host: edge-1
# title: A configuration of nginx was changed after its workers started, and never loaded

site=/etc/nginx/sites-available/status
sed -i 's/return 200 "ok\\n";/return 200 "ok, version 2\\n";/' "$site"

nginx -t 2> /dev/null
[ "$(curl -fsS http://127.0.0.1:8080/healthz)" = ok ] || { echo 'the change is live already'; exit 1; }
# Start times have whole seconds; the file must be newer beyond doubt.
worker=$(pgrep -u www-data -x nginx | head -n 1)
for _ in $(seq 100); do
  started=$(($(date +%s) - $(ps -o etimes= -p "$worker")))
  [ "$(stat -c %Y "$site")" -gt $((started + 1)) ] && exit 0
  sleep 0.1
  touch "$site"
done
echo "$site is not newer than worker $worker"
exit 1
