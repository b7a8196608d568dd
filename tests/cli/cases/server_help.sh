skincnn-server --help
skincnn-admin --help
for command in key-add key-list key-revoke backup check; do
    echo "---- $command"
    skincnn-admin $command --help
done
