//! JavaScript, in QuickJS.

use std::path::Path;

use super::quickjs;
use crate::build::Job;
use crate::component::Component;
use crate::failure::Failure;
use crate::language::Recipe;

/// JavaScript.
pub(crate) struct JavaScript;

impl Recipe for JavaScript {
    fn build(&self, job: &Job<'_>) -> Result<Component, Failure> {
        quickjs::declare(job, &job.work.join("bindings"))?;
        let entry = Path::new("src").join(quickjs::ENTRY).with_extension("js");
        quickjs::componentize(job, &entry, &job.project.folder)
    }
}
