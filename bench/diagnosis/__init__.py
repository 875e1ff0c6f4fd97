"""What `bench doctor` looks at: the machine, and the places that runs read and write."""
