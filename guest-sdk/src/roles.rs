//! What a plugin can be.

use std::marker::PhantomData;

use crate::bindings::exports::wardlet::plugin::plugin;
use crate::bindings::patterns::exports::wardlet::plugin::patterns;
use crate::bindings::policy::exports::wardlet::plugin::policy;
use crate::bindings::redactor::exports::wardlet::plugin::redactor;
use crate::{Description, Edit, Part, PatternSet, SettingFault, Subject, Verdict};

/// What every plugin says of itself. The host calls both functions when it loads the plugin, with
/// the plugin's settings as the only document.
pub trait Plugin {
    /// The plugin's declaration: the same at every call, whatever the settings.
    fn describe() -> Description;

    /// Validates the settings.
    ///
    /// # Errors
    /// Every fault found. Any of them refuses the load and is shown to the operator.
    fn configure() -> Result<(), Vec<SettingFault>>;

    /// The pattern sets that the host searches for on the plugin's behalf: the same at every call,
    /// whatever the settings. A plugin that has some says `patterns` in its export macro; see
    /// [`scan`](crate::scan).
    #[must_use]
    fn patterns() -> Vec<PatternSet> {
        Vec::new()
    }
}

/// A plugin that judges calls.
pub trait Policy: Plugin {
    /// Judges one call, in a fresh instance.
    ///
    /// # Errors
    /// Says that the plugin failed, which denies the call and blames the plugin. The text goes to
    /// the operator's debug log only.
    fn evaluate(subject: &Subject) -> Result<Verdict, String>;
}

/// A plugin that finds what must not pass.
pub trait Redactor: Plugin {
    /// Finds the spans of one part that must not pass, in a fresh instance. At most 10,000.
    ///
    /// # Errors
    /// Says that the plugin failed, which withholds the part. The text goes to the operator's
    /// debug log only.
    fn find(subject: &Subject, part: Part) -> Result<Vec<Edit>, String>;
}

/// Joins a plugin's traits to the generated ones.
#[doc(hidden)]
#[derive(Debug)]
pub struct Exported<P>(PhantomData<P>);

impl<P: Plugin> plugin::Guest for Exported<P> {
    fn describe() -> Description {
        P::describe()
    }

    fn configure() -> Result<(), Vec<SettingFault>> {
        P::configure()
    }
}

impl<P: Policy> policy::Guest for Exported<P> {
    fn evaluate(subject: Subject) -> Result<Verdict, String> {
        P::evaluate(&subject)
    }
}

impl<P: Redactor> redactor::Guest for Exported<P> {
    fn find(subject: Subject, part: Part) -> Result<Vec<Edit>, String> {
        P::find(&subject, part)
    }
}

impl<P: Plugin> patterns::Guest for Exported<P> {
    fn declare() -> Vec<PatternSet> {
        P::patterns()
    }
}
