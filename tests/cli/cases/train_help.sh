skincnn-train --help
