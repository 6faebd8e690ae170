//! Whole jobs: runs from a database into an archive, and from there or from a database into another one.

mod failing;
mod interrupted;
mod missing;
mod round_trip;
mod sequences;
mod world;
