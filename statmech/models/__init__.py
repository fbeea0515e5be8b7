"""Models: Hamiltonian, quenched disorder and observables, one per file."""
