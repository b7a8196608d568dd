# Without --model, both models that ship are found from the build tree.
pictures 2
skincnn-predict --json pictures | mask
