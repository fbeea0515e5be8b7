"""Measured spectra: eigenvalues of weight matrices, the laws they are compared with, and their metrics.

X = W^T W without 1/N, W of n x m with n >= m and Q = n/m; laws are for W with entries of standard deviation
sigma/sqrt(n), so that a matrix of standard deviation s has sigma = s sqrt(n).
"""
