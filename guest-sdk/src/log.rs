//! Capability `log`: lines for the operator's debug log, which is off in service. A check may
//! write 4 KiB; what goes over is cut.

pub use crate::bindings::wardlet::plugin::log::Level;

use crate::bindings::wardlet::plugin::log::Field;

/// Writes a line with fields of `(key, value)`.
pub fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
    let fields: Vec<Field> = fields
        .iter()
        .map(|(key, value)| Field {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
        })
        .collect();
    crate::host::log::write(level, message, &fields);
}

macro_rules! levels {
    ($($(#[$doc:meta])* $name:ident $level:ident;)+) => {
        $(
            $(#[$doc])*
            pub fn $name(message: &str, fields: &[(&str, &str)]) {
                write(Level::$level, message, fields);
            }
        )+
    };
}

levels! {
    /// Writes a line at level `trace`.
    trace Trace;
    /// Writes a line at level `debug`.
    debug Debug;
    /// Writes a line at level `info`.
    info Info;
    /// Writes a line at level `warn`.
    warn Warn;
    /// Writes a line at level `error`.
    error Error;
}
