# A key is printed once; what is listed, and stored, is its beginning and its hash.
days() {
    sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}/YYYY-MM-DD/g; s/skc_[A-Za-z0-9_-]{6}/skc_XXXXXX/g'
}
mkdir data
skincnn-admin key-add --data data --name clinic --rate 120 --quota 5000 >key 2>said
sed -E 's/^skc_[A-Za-z0-9_-]{43}$/a key/' key
cat said
skincnn-admin key-add -d data -n '眼科 Operator' --admin 2>&1 >admin-key
skincnn-admin key-list -d data | days
[ "$(skincnn-admin key-list -d data | grep -c "$(cut -c1-10 key)")" = 1 ] && echo "its beginning is listed"
if grep -q "$(cat key)" -r data; then echo "the key is stored"; fi
echo "---- as JSON"
skincnn-admin key-list -d data --json | days |
    sed -E 's/"(created|last_used|revoked)": ?[1-9][0-9]*/"\1":SECONDS/g'
echo "---- revoked"
try skincnn-admin key-revoke -d data 1
skincnn-admin key-list -d data | days
echo "---- what is wrong"
try skincnn-admin key-revoke -d data 1
try skincnn-admin key-revoke -d data 99
try skincnn-admin key-revoke -d data 99 2
try skincnn-admin key-revoke -d data one
try skincnn-admin key-revoke -d data
try skincnn-admin key-add -d data
try skincnn-admin key-add --name nobody
skincnn-admin key-add -d data -n "$(printf %0101d 1)" 2>&1 || echo "[exit $?, a long name]"
try skincnn-admin key-add -d data -n x --rate -1
skincnn-admin key-add -d data -n "$(printf 'two\nlines')" 2>/dev/null || echo "[exit $?, two lines]"
try skincnn-admin backup -d data data/skincnn.db
try skincnn-admin key-list -d absent
echo "---- copies and checks"
try skincnn-admin check -d data
try skincnn-admin backup -d data copy.db
mkdir restored && cp copy.db restored/skincnn.db
skincnn-admin key-list -d restored | days
try skincnn-admin backup -d data copy.db
echo "not a database, but long enough to be read as the head of one: $(printf %0200d 0)" >restored/skincnn.db
rm -f restored/skincnn.db-*
try skincnn-admin check -d restored
