"""Pipelines: chains of layers, their fields, their files and schemas, and how they run."""
