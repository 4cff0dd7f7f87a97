"""Address pools: AviIPPool objects, and those that configs give inline.

``spans`` and ``marking`` are the words, ``plan`` decides what a network should be, ``usage`` what
is taken; ``place`` finds the network, ``reconcile`` and ``leave`` act. ``inline`` and ``configs``
make pools of what configs say.
"""
