//! What definitions have in common, by their lines.

/// What two definitions have in common.
pub(super) struct Likeness {
    /// The share of lines, 0 to 1 (Sørensen–Dice).
    pub(super) ratio: f64,
    /// How many lines only one of them has.
    pub(super) differ: usize,
}

impl Likeness {
    /// Both are ascending.
    pub(super) fn of(left: &[u32], right: &[u32]) -> Self {
        let (mut from_left, mut from_right, mut common) = (0, 0, 0_usize);
        while let (Some(one), Some(other)) = (left.get(from_left), right.get(from_right)) {
            common += usize::from(one == other);
            from_left += usize::from(one <= other);
            from_right += usize::from(other <= one);
        }
        let total = left.len() + right.len();
        let ratio = if total == 0 { 0.0 } else { 2.0 * common as f64 / total as f64 };
        Self { ratio, differ: total - 2 * common }
    }
}

/// What `lines` has more of than `others`; all are ascending.
pub(super) fn without(lines: &[u32], others: &[u32]) -> Vec<u32> {
    let mut others = others.iter().peekable();
    let mut left = Vec::new();
    for line in lines {
        while others.next_if(|other| *other < line).is_some() {}
        if others.next_if_eq(&line).is_none() {
            left.push(*line);
        }
    }
    left
}
