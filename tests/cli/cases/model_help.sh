skincnn-model --help
for command in inspect verify export quantise import create architecture list; do
    echo "---- $command"
    skincnn-model $command --help
done
