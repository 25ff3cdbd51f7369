"""Kernels: the value, the texts and files it is read from, the library, what is computed, shown and exported.

The library's YAML files are in ``data``, which is the top-level folder ``kernels`` of a checkout.
"""
