//! Plain enums whose values have a word each.

/// Gives a plain enum its words: `ALL`, `as_str`, `Display` and `FromStr`.
///
/// ```
/// #[derive(Debug, Clone, Copy, PartialEq, Eq)]
/// enum Light {
///     Red,
///     Green,
/// }
///
/// cds_model::words! { Light: Red = "red", Green = "green" }
///
/// assert_eq!((Light::Red.to_string(), "green".parse()), ("red".to_owned(), Ok(Light::Green)));
/// assert_eq!(("blue".parse::<Light>(), Light::ALL.len()), (Err(()), 2));
/// ```
#[macro_export]
macro_rules! words {
    ($name:ident: $($value:ident = $word:literal),+ $(,)?) => {
        impl $name {
            /// Every value.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$value),+];

            /// The word that the database and every output use.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ();

            fn from_str(word: &str) -> ::std::result::Result<Self, ()> {
                Self::ALL.into_iter().find(|value| value.as_str() == word).ok_or(())
            }
        }
    };
}
