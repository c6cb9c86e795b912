"""Adapters for data libraries and trainers. Import the one you need; nothing is imported here.

mixdesk.adapters.torchdata      MixtureNode, follow              torchdata.nodes
mixdesk.adapters.datasets       interleave                       Hugging Face datasets
mixdesk.adapters.transformers   MixdeskTrainer, MixdeskMixin     Hugging Face Trainer
mixdesk.adapters.streaming      EpochMixture                     MosaicML Streaming

`docs/adapters.md` says of each what is exact and what is not.
"""
