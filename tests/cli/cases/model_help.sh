skincnn-model --help
for command in inspect verify export import create architecture list; do
    echo "---- $command"
    skincnn-model $command --help
done
