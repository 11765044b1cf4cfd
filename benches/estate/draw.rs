//! Random numbers that are the same everywhere: SplitMix64.

/// A source of numbers, names and dates.
pub(crate) struct Draw {
    state: u64,
    /// Names end in a number of their own.
    named: u64,
}

const SYLLABLES: [&str; 32] = [
    "ba", "co", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pa", "ri", "so", "tu", "va", "we",
    "bri", "clo", "dra", "fle", "gri", "kro", "pla", "qui", "sta", "tri", "ul", "ven", "wo", "yan",
    "zel", "mor",
];

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: seed,
            named: 0,
        }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A number below `end`, small ones more often: half of them below a quarter.
    pub(crate) fn tail(&mut self, end: usize) -> usize {
        let share = self.below(1 << 20) as f64 / f64::from(1 << 20);
        ((share * share * end as f64) as usize).min(end.saturating_sub(1))
    }

    /// A name that no other has and that tells nothing.
    pub(crate) fn name(&mut self) -> String {
        self.named += 1;
        let mut name = String::new();
        for _ in 0..3 {
            name.push_str(SYLLABLES[self.below(32) as usize]);
        }
        format!("{name}-{}", self.named)
    }

    /// An IAM unique id.
    pub(crate) fn unique(&mut self, prefix: &str) -> String {
        let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let tail: String = (0..17)
            .map(|_| char::from(digits[self.below(32) as usize]))
            .collect();
        format!("{prefix}{tail}")
    }

    /// A date of the last so many days before 2026-11-01.
    pub(crate) fn date(&mut self, days: u64) -> String {
        let back = self.below(days);
        // Months of 28 days suffice: all that is wanted is a valid date.
        let (years, rest) = (back / 336, back % 336);
        let month = 10 - (rest / 28).min(9);
        format!(
            "{}-{month:02}-{:02}T{:02}:{:02}:00+00:00",
            2026 - years,
            28 - rest % 28,
            self.below(24),
            self.below(60)
        )
    }
}
