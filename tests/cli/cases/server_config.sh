# The command line goes before the environment, that before the file, that before the default.
# shown NAMES: what --check-config prints of them.
shown() {
    names=$1
    shift
    skincnn-server --check-config "$@" | grep -E "^(# )?($names) ="
}
cat >server.conf <<'END'
# a remark
data = from-file
listen = [::1]:9000
queue = 7
body-limit = 2M
anonymous = no
origins = https://a.example,https://b.example
END
all='data|listen|queue|workers|body-limit|anonymous|origins|organisation'
shown "$all" --config server.conf
echo "---- the environment goes before the file"
SKINCNN_QUEUE=8 SKINCNN_BODY_LIMIT=3000000 shown 'queue|body-limit' --config server.conf
echo "---- the command line goes before both"
SKINCNN_QUEUE=8 shown 'queue|anonymous|data' --config server.conf --queue 9 --anonymous -d here
echo "---- the file may come from the environment"
SKINCNN_CONFIG=server.conf shown 'queue'
echo "---- what is printed is a file that says the same"
skincnn-server --config server.conf --check-config >again.conf
skincnn-server --config again.conf --check-config | cmp - again.conf && echo same
echo "---- what is wrong"
try skincnn-server --check-config
try skincnn-server --config absent.conf --check-config
for listen in 127.0.0.1 localhost:80 127.0.0.1:65536 127.0.0.1:8o ::1:80 '[127.0.0.1]:80' :80; do
    try skincnn-server -d here --check-config --listen $listen
done
try skincnn-server -d here --check-config --workers 1025
try skincnn-server -d here --check-config --log loud
try skincnn-server -d here --check-config --body-limit 200M
try skincnn-server -d here --check-config --connections 10 --connections-each 11
try skincnn-server -d here --check-config --connections 8 --event-threads 9 --connections-each 8
try skincnn-server -d here --check-config --trusted-proxies 10.0.0.0/8,10.0.0.0/33
try skincnn-server -d here --check-config --origins https://a.example,https://b.example/path
try skincnn-server -d here --check-config argument
SKINCNN_WORKERS=many try skincnn-server -d here --check-config
SKINCNN_KEEP=perhaps try skincnn-server -d here --check-config
for line in 'queu = 1' 'queue' 'queue = -1' 'keep = maybe' 'log = loud'; do
    echo "$line" >wrong.conf
    try skincnn-server -d here --config wrong.conf --check-config
done
try ls here
