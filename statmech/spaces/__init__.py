"""What a degree of freedom is: Ising spins."""
