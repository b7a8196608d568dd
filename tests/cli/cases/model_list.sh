skincnn-model list | sed 's/  .*//'
skincnn-model list --json | tr '{' '\n' | grep -c '"name"'
