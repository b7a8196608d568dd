# A line of a page that begins with a full stop or a quote must be a request that man(7) knows.
for tool in admin crop data eval model predict server train; do
    skincnn-$tool --man >page
    sed -n '1s|^\.TH \([A-Z-]*\) .*|\1|p' page
    grep "^[.']" page | cut -d' ' -f1 | grep -vx -e '\.TH' -e '\.SH' -e '\.SS' -e '\.TP' -e '\.PP' \
        -e '\.br' || :
done
skincnn-predict --man | grep '^\.S[HS]'
