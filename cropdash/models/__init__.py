"""The PSE-TSA family as torch modules: knows tensors and classes, and no file."""
