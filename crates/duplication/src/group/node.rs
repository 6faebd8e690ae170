//! What groups are made of.

/// A variant, or a run of its lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) variant: u32,
    /// Normalized lines, the last one excluded.
    pub(crate) lines: (u32, u32),
    /// What decides the group's id.
    pub(crate) content: [u8; 16],
    /// Whether all copies of the variant count as pairs with each other.
    pub(crate) pairs_with_itself: bool,
}
