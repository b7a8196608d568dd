skincnn-data --help
for command in generate ingest map merge split filter stats duplicates check quality; do
    echo
    skincnn-data $command --help
done
