//! Complete jobs: from a database into an archive, and from an archive or a database into another database.

mod failing;
mod interrupted;
mod missing;
mod round_trip;
mod sequences;
mod world;
