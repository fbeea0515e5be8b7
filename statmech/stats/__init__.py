"""Statistics of time series: autocorrelation, error bars, convergence, and the equilibration verdict.

Modules: `autocorrelation` (integrated autocorrelation time, error of a mean), `jackknife` (errors over
disorder and of non-linear functions), `convergence` (effective size, rank-normalised R-hat and their null
quantiles), `verdict` (is a class of chains stationary, do classes of starts agree).

Every series is an array of shape (..., K, n): K independent chains and n bins in time, already cut to the
measuring window; a bin is the mean over `bin_length` sweeps. Leading axes (disorder, T, ...) are vectorised.
"""
