//! What is known about each programming language, as data.
