//! The macro behind the table of settings. From one entry per setting it makes the types of
//! [`super::Config`] and the code that reads and lists them.

use super::layers::{Setting, Source};
use super::value::Value;

/// A setting as users see it.
pub struct Entry {
    /// The name with its group: `server.port`.
    pub name: &'static str,
    pub help: &'static str,
    /// The accepted values.
    pub accepts: String,
    /// The value in force, in YAML.
    pub value: String,
    pub source: Source,
}

impl Entry {
    pub(super) fn of<T: Value>(name: &'static str, help: &'static str, setting: &Setting<T>) -> Self {
        let (value, source) = (setting.value.yaml(), setting.source.clone());
        Self { name, help: help.trim(), accepts: T::accepts(), value, source }
    }

    /// The help of its flag, where `value` is the default.
    pub fn flag_help(&self) -> String {
        format!("{} [{}; default: {}]", self.help, self.accepts, self.value)
    }
}

/// First entries without a group, then groups of entries. An entry is `/// help` and
/// `name: type = default;`. A default may use the settings above it.
macro_rules! settings {
    (
        $($(#[doc = $help:literal])+ $name:ident: $type:ty = $default:expr;)*
        $($group:ident: $Group:ident {
            $($(#[doc = $help_in:literal])+ $name_in:ident: $type_in:ty = $default_in:expr;)*
        })*
    ) => {
        /// All settings.
        pub struct Config {
            $($(#[doc = $help])+ pub $name: Setting<$type>,)*
            $(pub $group: $Group,)*
        }

        $(pub struct $Group {
            $($(#[doc = $help_in])+ pub $name_in: Setting<$type_in>,)*
        })*

        impl Config {
            /// The names of all settings, with their groups: `server.port`.
            const NAMES: &[&str] = &[
                $(stringify!($name),)*
                $($(concat!(stringify!($group), ".", stringify!($name_in)),)*)*
            ];

            /// Whether a file can give a list for a setting.
            fn is_list(name: &str) -> bool {
                let lists = [
                    $((stringify!($name), <$type as Value>::IS_LIST),)*
                    $($((concat!(stringify!($group), ".", stringify!($name_in)), <$type_in as Value>::IS_LIST),)*)*
                ];
                lists.contains(&(name, true))
            }

            /// Whether no message may quote a value of a setting.
            fn is_secret(name: &str) -> bool {
                let secrets = [
                    $((stringify!($name), <$type as Value>::IS_SECRET),)*
                    $($((concat!(stringify!($group), ".", stringify!($name_in)), <$type_in as Value>::IS_SECRET),)*)*
                ];
                secrets.contains(&(name, true))
            }

            fn read(layers: &Layers) -> Result<Self, ConfigError> {
                $(let $name: Setting<$type> = layers.read(stringify!($name), || $default)?;)*
                $(let $group = {
                    $(let $name_in: Setting<$type_in> =
                        layers.read(concat!(stringify!($group), ".", stringify!($name_in)), || $default_in)?;)*
                    $Group { $($name_in),* }
                };)*
                Ok(Self { $($name,)* $($group),* })
            }

            /// Every value that a setting can't have.
            fn problems_of_values(layers: &Layers) -> Vec<ConfigError> {
                let all = [
                    $(layers.problem::<$type>(stringify!($name)),)*
                    $($(layers.problem::<$type_in>(concat!(stringify!($group), ".", stringify!($name_in))),)*)*
                ];
                all.into_iter().flatten().collect()
            }

            /// All settings, in the order of the table.
            pub fn entries(&self) -> Vec<table::Entry> {
                vec![
                    $(table::Entry::of(stringify!($name), concat!($($help),+), &self.$name),)*
                    $($(table::Entry::of(
                        concat!(stringify!($group), ".", stringify!($name_in)),
                        concat!($($help_in),+),
                        &self.$group.$name_in,
                    ),)*)*
                ]
            }
        }
    };
}
pub(super) use settings;
