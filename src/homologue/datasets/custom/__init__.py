"""Custom image pairs from a JSONL, CSV or COCO file."""
