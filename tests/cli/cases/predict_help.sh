skincnn-predict --help
