"""The OPT tier: transformers models that learn and write tokens, as Shumailov et al. used them.

Needs the extra `opt` (torch, transformers, tokenizers, safetensors); only modules of this package
import them.
"""
