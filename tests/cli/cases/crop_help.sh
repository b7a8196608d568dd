skincnn-crop --help
