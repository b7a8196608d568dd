for tool in crop data eval model predict train; do
    [ "$(skincnn-$tool --version)" = "$(skincnn-$tool -V)" ]
    skincnn-$tool --version | sed 's/[0-9][0-9.]*/VERSION/'
done
