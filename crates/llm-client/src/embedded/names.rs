//! A few distinct names in order of appearance, without allocation.

/// Up to `N` distinct texts, and whether there were more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'a, const N: usize> {
    kept: [&'a str; N],
    count: usize,
    has_more: bool,
}

impl<'a, const N: usize> Names<'a, N> {
    pub(super) fn new() -> Self {
        Self { kept: [""; N], count: 0, has_more: false }
    }

    /// Keeps `name`, unless it is already there or the list is full.
    pub(super) fn push(&mut self, name: &'a str) {
        if name.is_empty() || self.as_slice().contains(&name) {
            return;
        }
        if self.count == N {
            self.has_more = true;
            return;
        }
        self.kept[self.count] = name;
        self.count += 1;
    }

    pub(super) fn as_slice(&self) -> &[&'a str] {
        &self.kept[..self.count]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether a name was dropped because the list was full.
    pub(super) fn has_more(&self) -> bool {
        self.has_more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_distinct_names_are_kept() {
        let mut names = Names::<2>::new();
        for name in ["b", "", "a", "b"] {
            names.push(name);
        }
        assert_eq!((names.as_slice(), names.has_more()), (["b", "a"].as_slice(), false));
        names.push("c");
        assert_eq!((names.as_slice(), names.has_more()), (["b", "a"].as_slice(), true));
    }
}
