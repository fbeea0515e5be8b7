"""Neural networks: what they are, the data they learn and how they are trained.  The only importer of torch.

Describing a network or a run needs no torch; training one does (``pip install 'statmech[dnn]'``).
"""
