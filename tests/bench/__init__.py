"""What `make bench` runs: ratios against a floor and a peer, taken in turn, for machines are noisy."""
