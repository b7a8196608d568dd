skincnn-eval --help
