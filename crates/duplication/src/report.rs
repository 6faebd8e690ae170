//! The result of a search.

use crate::{Channel, Confidence, Placement, Settings};

/// Groups and totals of one search.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// By channel, and within a channel by worth, the highest first; see [`Group::worth`].
    pub groups: Vec<Group>,
    /// Over all groups that no other group covers.
    pub totals: Totals,
    /// For each channel that was asked for.
    pub channels: Vec<ChannelTotals>,
    /// Definitions and intents that were not searched.
    pub unsearched: Unsearched,
}

/// Definitions of the wanted kinds that the settings leave out, as a whole or their intents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unsearched {
    /// In tests, with [`Settings::tests`] at [`Placement::Hide`].
    pub test_count: u64,
    /// Others in generated files, with [`Settings::generated`] at [`Placement::Hide`].
    pub generated_count: u64,
    /// Definitions whose intent was not searched, because a program derived it and [`Settings::derived_intents`] are not wanted.
    pub intent_count: u64,
}

/// Definitions, or parts of them, that duplicate each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The kind of duplicate.
    pub channel: Channel,
    /// 16 hexadecimal digits, derived from the channel and the distinct contents of the members. The same contents have
    /// the same id in every run, whatever their number, order and place.
    pub group_id: String,
    /// The representative first, the others in the order of the input.
    pub members: Vec<Member>,
    /// Pairs of members at or above the threshold.
    pub pair_count: u64,
    /// Those of them that are equal by MD5.
    pub md5_overlap_pairs: u64,
    /// The normalized lines of the shortest member.
    pub repeated_lines: u32,
    /// How many normalized lines every member has letter by letter, except for their indentation. Lines without a
    /// letter or a digit are not counted.
    pub common_lines: u32,
    /// The characters of these lines.
    pub common_characters: u64,
    /// The lines that could be saved at most: `repeated_lines` for each member but one.
    pub saved_lines: u64,
    /// Whether all members are tests.
    pub is_test: bool,
    /// Whether programs wrote all members.
    pub is_generated: bool,
    /// How strong the evidence is.
    pub confidence: Confidence,
    /// The id of a group of the same channel or a stronger one that contains this one: it has these members, or others
    /// around them.
    pub covered_by: Option<String>,
}

impl Group {
    /// The key that orders groups: the tenths of repeated lines for each member but one, and then the characters. A line
    /// that every member has letter by letter counts whole. Any other line of the shortest member counts a tenth, since at
    /// best it repeats except for names.
    pub fn worth(&self) -> (u64, u64) {
        let copies = (self.members.len() as u64).saturating_sub(1);
        let (common, all) = (u64::from(self.common_lines), u64::from(self.repeated_lines));
        ((10 * common + all.saturating_sub(common)) * copies, self.common_characters * copies)
    }

    /// Why it ranks behind others, the strongest reason first: no confidence, generated code, low confidence. Groups with
    /// a lower value come first.
    pub fn reserve(&self, settings: &Settings) -> (bool, bool, bool) {
        let is_generated = self.is_generated && settings.generated == Placement::RankLast;
        (self.confidence == Confidence::None, is_generated, self.confidence == Confidence::Low)
    }
}

impl Report {
    /// Groups of low confidence, over all channels; see [`ChannelTotals::low_confidence_count`].
    pub fn low_confidence_count(&self) -> u64 {
        self.channels.iter().map(|channel| channel.low_confidence_count).sum()
    }

    /// Pairs that a bound of the search left out, over all channels; see [`ChannelTotals::left_out_pair_count`].
    pub fn left_out_pair_count(&self) -> u64 {
        self.channels.iter().map(|channel| channel.left_out_pair_count).sum()
    }
}

/// One copy.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its place in the input.
    pub index: usize,
    /// The highest ratio among its pairs in the group, 0 to 1.
    pub best_ratio: f64,
    /// The mean ratio of its pairs in the group, 0 to 1.
    pub avg_ratio: f64,
    /// How many of its pairs in the group are equal by MD5.
    pub md5_overlap: u64,
    /// The normalized lines that the group shares, 0-based, the last one excluded.
    pub normalized_lines: (u32, u32),
    /// The same as 1-based and inclusive lines of the file.
    pub file_lines: (u32, u32),
    /// Whether `file_lines` is a guess, because comments may stand before or within a fragment; [`crate::file_lines`]
    /// finds the place from the raw code.
    pub lines_are_estimated: bool,
    /// Whether it is in a test.
    pub is_test: bool,
    /// Whether a program wrote its file.
    pub is_generated: bool,
}

/// Sums over groups.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Totals {
    /// Groups.
    pub group_count: u64,
    /// Distinct definitions in them.
    pub member_count: u64,
    /// Distinct lines of files that repeat another member's lines; over all channels without those of
    /// [`Channel::Intent`].
    pub repeated_lines: u64,
    /// Over all channels, the lines that would be added by intent groups; else 0.
    pub intent_lines: u64,
    /// All lines of the files that the input knows.
    pub line_count: u64,
}

impl Totals {
    /// The share of all lines that repeat, 0 to 1.
    pub fn share(&self) -> f64 {
        self.share_of(self.repeated_lines)
    }

    /// The share of all lines that intent groups alone hold, 0 to 1.
    pub fn intent_share(&self) -> f64 {
        self.share_of(self.intent_lines)
    }

    fn share_of(&self, lines: u64) -> f64 {
        if self.line_count == 0 { 0.0 } else { lines as f64 / self.line_count as f64 }
    }
}

/// Sums over the groups of one channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChannelTotals {
    /// Which one.
    pub channel: Channel,
    /// Over its groups that no other group covers.
    pub totals: Totals,
    /// Groups that another group covers.
    pub covered_count: u64,
    /// Groups of low confidence that no other group covers; also those that `min_confidence` leaves out.
    pub low_confidence_count: u64,
    /// Pairs at or above the threshold that share a common shape and hardly anything else; `None` if nothing
    /// searched for them, as in the near channel unless `min_confidence` is [`Confidence::None`].
    pub shape_only_pair_count: Option<u64>,
    /// Pairs of definitions that were not compared, or not kept, because there are too many for a search that has to end.
    pub left_out_pair_count: u64,
}
