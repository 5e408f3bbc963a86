//! Optimisation and planning: plain data in, plain data out.
