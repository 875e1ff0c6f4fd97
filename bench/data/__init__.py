"""Data sets: specifications, the decode-once pixel cache, and replayable augmentation."""
