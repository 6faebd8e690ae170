//! Groups of duplicates among records: in which sense they say the same, and how sure that is.
